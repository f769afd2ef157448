// A model has a name.
remat::model! {
    pub {
        input x: f32[8];
    }
}

fn main() {}

//~ 3:9 expected the model's name -- write `model! { pub Net { … } }`

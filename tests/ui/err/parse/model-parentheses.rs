// The model stands in braces.
remat::model! {
    pub Net (
        input x: f32[8];
    )
}

fn main() {}

//~ 3:13 expected `{` -- write `model! { pub Net { … } }`

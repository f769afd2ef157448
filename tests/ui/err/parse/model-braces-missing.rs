// The model stands in braces.
remat::model! {
    pub Net
}

fn main() {}

//~ 3:9 expected `{` behind the model's name -- write `model! { pub Net { … } }`

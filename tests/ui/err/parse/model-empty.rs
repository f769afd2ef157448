// There is something to declare.
remat::model! {}

fn main() {}

//~ 2:1 expected the model's name -- write `model! { pub Net { … } }`

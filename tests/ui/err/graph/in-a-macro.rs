// What a macro writes itself is told there.
macro_rules! net {
    ($name:ident, $layer:ident) => {
        remat::model! {
            $name {
                input x: f32[8];
                target y: f32[8];
                fc: $layer(8);
                out: Linear(8) <- fcc;
                loss: Mse <- (out, y);
            }
        }
    };
}

net!(Net, Linaer);

fn main() {}

//~ 9:35 there is no `fcc` here -- did you mean `fc`?
//~ 16:11 there is no layer `Linaer` -- did you mean `Linear`?

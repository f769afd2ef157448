// That holds for a scope, frozen or not, and for what is in it.
remat::model! {
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint]
        #[frozen]
        body: {
            up: Linear(8);
            #[recompute]
            act: Gelu;
            down: Linear(8);
        }
        fc: Linear(8);
        loss: Mse <- (fc, y);
    }
}

fn main() {}

//~ 6:11 nothing is trained at or before `down`, so `checkpoint` means nothing here -- remove it
//~ 10:15 nothing is trained at or before `act`, so `recompute` means nothing here -- remove it

// Segments do not overlap: the model's and those of a `repeat` are chosen at one place.
remat::model! {
    #[checkpoint(every = 2)]
    Net {
        input x: f32[8];
        target y: f32[8];
        #[checkpoint(every = 3)]
        body: repeat(6) { fc: Linear(8); }
        loss: Mse <- (body, y);
    }
}

fn main() {}

//~ 3:7 a boundary of this falls inside a segment of a `repeat` -- mark one of the two
//~ 7:11 a boundary of the model falls inside a segment of this `repeat` -- mark one of the two

//! A device of handles trains a model.

use remat::ndarray::Array2;
use remat::prelude::*;
use remat_tests::remote::Remote;

model! {
    /// Learns y = tanh-ish function of x.
    Net {
        input x: f32[3];
        target y: f32[2];
        #[checkpoint]
        body: { up: Linear(16); Tanh; mid: Linear(16); Relu; }
        down: Linear(2);
        loss: Mse <- (down, y);
    }
}

#[test]
fn trains() {
    let device = Remote::default();
    let mut net = Net::new(&device, 1).unwrap();
    let mut ws = net.workspace(4).unwrap();
    let x = Array2::from_shape_fn((4, 3), |(i, j)| (i * 3 + j) as f32 / 12.0);
    let y = Array2::from_shape_fn((4, 2), |(i, j)| (i + j) as f32 / 5.0);
    let first = net.forward_backward(&mut ws, x.view(), y.view()).unwrap();
    println!("{first} {}", Net::PLAN);
}

// The struct has a parameter `D`, the device.
remat::model! {
    D {
        input x: f32[8];
    }
}

fn main() {}

//~ 3:5 `D` is the device in generated code -- choose another name

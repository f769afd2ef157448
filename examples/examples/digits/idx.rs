//! MNIST's IDX files: a big-endian header, then bytes (LeCun, Cortes, Burges).

use std::path::Path;
use std::{fs, io};

use remat::ndarray::Array2;

use super::{Digits, Images};

/// The images and labels called `part` in `folder`.
pub(crate) fn read(folder: &str, part: &str) -> io::Result<Images> {
    let images = body(folder, &format!("{part}-images-idx3-ubyte"), 0x0803, &[28, 28])?;
    let labels = body(folder, &format!("{part}-labels-idx1-ubyte"), 0x0801, &[])?;
    let count = images.len() / Digits::PIXELS;
    if count != labels.len() || labels.iter().any(|l| usize::from(*l) >= Digits::CLASSES) {
        return Err(invalid(format!(
            "`{part}` has {count} images and {} labels, which must be as many and from 0 to 9",
            labels.len()
        )));
    }
    let pixels = Array2::from_shape_fn((count, Digits::PIXELS), |(i, p)| {
        f32::from(images[i * Digits::PIXELS + p]) / 255.0
    });
    Ok(Images { pixels, labels: labels.into_iter().map(u32::from).collect() })
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The bytes behind the header, which must have this magic number and these axes after the first.
fn body(folder: &str, name: &str, magic: u32, axes: &[u32]) -> io::Result<Vec<u8>> {
    let path = Path::new(folder).join(name);
    let file = fs::read(&path)
        .map_err(|e| io::Error::new(e.kind(), format!("could not read `{}`: {e}", path.display())))?;
    let words: Vec<u32> = file
        .chunks_exact(4)
        .take(2 + axes.len())
        .map(|w| u32::from_be_bytes([w[0], w[1], w[2], w[3]]))
        .collect();
    let (Some(found), Some(count)) = (words.first(), words.get(1)) else {
        return Err(invalid(format!("`{name}` has {} bytes, fewer than its header", file.len())));
    };
    if *found != magic || words[2..] != *axes {
        return Err(invalid(format!(
            "`{name}` must begin with {magic:#06x} and axes {axes:?} but begins with {found:#06x} and {:?}",
            &words[2..]
        )));
    }
    let bytes = *count as usize * axes.iter().product::<u32>() as usize;
    let body = file[4 * words.len()..].to_vec();
    if body.len() == bytes {
        Ok(body)
    } else {
        Err(invalid(format!("`{name}` must hold {bytes} bytes but holds {}", body.len())))
    }
}

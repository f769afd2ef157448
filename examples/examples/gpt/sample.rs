//! Text from a model, byte by byte.

use remat::ndarray::{Array2, Axis, s};
use remat::rng::{self, Key};

use super::Gpt;

/// `prompt` and `count` bytes that the model draws behind it.
pub(crate) fn sample(gpt: &Gpt, prompt: &[u8], count: usize) -> Result<String, remat::Error> {
    const TEMPERATURE: f64 = 0.8;
    let mut ws = gpt.inference_workspace(1)?;
    let mut text = prompt.to_vec();
    for draw in 0..count {
        // What stands behind the last byte is not looked at: attention is causal.
        let window = &text[text.len().saturating_sub(Gpt::T)..];
        let tokens = Array2::from_shape_fn((1, Gpt::T), |(_, t)| window.get(t).map_or(0, |b| u32::from(*b)));
        let output = gpt.forward(&mut ws, tokens.view())?;
        let logits = output.view();
        let last = logits.index_axis(Axis(0), 0);
        let last = last.slice(s![window.len() - 1, ..]);
        let most = last.fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let weights: Vec<f64> = last.iter().map(|x| (f64::from(x - most) / TEMPERATURE).exp()).collect();
        text.push(chosen(&weights, rng::uniform(Key { seed: 1, step: 0, node: 0 }, draw as u64)));
    }
    // A model that has learned little writes bytes that terminals take for commands.
    let shown = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    Ok(String::from_utf8_lossy(&text).chars().map(shown).collect())
}

/// The byte at this part of the way, from 0 to 1, through the weights.
fn chosen(weights: &[f64], part: f64) -> u8 {
    let mut left = part * weights.iter().sum::<f64>();
    for (byte, weight) in (0..=u8::MAX).zip(weights) {
        left -= weight;
        if left <= 0.0 {
            return byte;
        }
    }
    u8::MAX
}

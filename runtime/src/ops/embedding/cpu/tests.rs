use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten, weighted,
};

const SPEC: Spec = Spec { rows: 3, vocab: 5, dim: 4 };
/// Two samples; 1 comes several times, 2 never.
const IDS: [u32; 6] = [1, 4, 1, 0, 3, 1];

fn forward<E: Float>(cpu: &Cpu<E>, spec: Spec, ids: &[u32], weight: &[E]) -> Result<Vec<E>, Error> {
    let mut y = unwritten(ids.len() * spec.dim);
    Kernel::forward(cpu, &spec, ids.len() / spec.rows, Forward { y: &mut y, ids, weight })?;
    Ok(y)
}

fn backward<E: Float>(
    cpu: &Cpu<E>,
    spec: Spec,
    ids: &[u32],
    dy: &[E],
    before: Option<&[E]>,
) -> Result<Vec<E>, Error> {
    let mut dweight = before.map_or_else(|| unwritten(spec.vocab * spec.dim), <[E]>::to_vec);
    let args = Backward { dweight: Some(grad(&mut dweight, before.is_some())), dy, ids };
    Kernel::backward(cpu, &spec, ids.len() / spec.rows, args)?;
    Ok(dweight)
}

#[test]
fn each_id_gives_its_row() {
    let weight = numbers::<f64>(0, 20);
    let y = forward(&double(), SPEC, &IDS, &weight).unwrap();
    for (y, id) in y.chunks(4).zip(IDS) {
        assert_eq!(y, &weight[id as usize * 4..][..4]);
    }
}

#[test]
fn the_gradient_is_that_of_finite_differences_and_0_for_absent_ids() {
    let (weight, dy) = (numbers::<f64>(0, 20), numbers::<f64>(1, 24));
    let dweight = backward(&double(), SPEC, &IDS, &dy, None).unwrap();
    assert_gradient("dweight", &weight, &dweight, |w| {
        weighted(&forward(&double(), SPEC, &IDS, w).unwrap(), &dy)
    });
    assert_eq!(dweight[8..12], [0.0; 4]);
    let before = numbers(2, 20);
    let added = backward(&double(), SPEC, &IDS, &dy, Some(&before)).unwrap();
    assert_added("dweight", &before, &dweight, &added);
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    let spec = Spec { rows: 300, vocab: 17, dim: 200 };
    let ids: Vec<u32> = (0..600).map(|i| i * i % 17).collect();
    let (weight, mut dy) = (numbers(0, 17 * 200), numbers::<f32>(1, 600 * 200));
    dy[5] = f32::NAN;
    let all = same_bits_for_any_threads(|cpu| {
        vec![
            forward(cpu, spec, &ids, &weight).unwrap(),
            backward(cpu, spec, &ids, &dy, None).unwrap(),
            backward(cpu, spec, &ids, &dy, Some(&weight)).unwrap(),
        ]
    });
    assert!(all[1].iter().enumerate().all(|(i, g)| g.is_nan() == (i == ids[0] as usize * 200 + 5)));
}

#[test]
fn an_id_outside_the_table_is_refused_before_anything_is_read_or_written() {
    let ids = [1, 4, 5];
    let error = Error::IdOutOfRange { name: "ids".into(), index: vec![2], limit: 5, found: 5 };
    assert_eq!(forward(&double(), SPEC, &ids, &[0.0; 20]), Err(error.clone()));
    assert_eq!(backward(&double(), SPEC, &ids, &[0.0; 12], None), Err(error));
}

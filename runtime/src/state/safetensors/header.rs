//! What stands before the numbers: JSON, an object of tensors by name.

use std::collections::BTreeMap;
use std::fmt;

use safetensors::tensor::TensorInfo;
use serde::Deserializer as _;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};

use super::METADATA;

/// The tensors of a header, by name. The crate's own reader takes some 50 times the memory of a header, as it holds what it
/// has not looked at yet.
pub(super) fn read(header: &[u8]) -> Result<BTreeMap<String, TensorInfo>, String> {
    let mut json = serde_json::Deserializer::from_slice(header);
    let tensors = json.deserialize_map(Tensors).and_then(|tensors| json.end().map(|()| tensors));
    tensors.map_err(|error| {
        let said = error.to_string();
        match said.strip_prefix("EOF while parsing ") {
            Some(what) => format!("can't be decoded: it ends within {what}"),
            None => format!("can't be decoded: {said}"),
        }
    })
}

struct Tensors;

impl<'de> Visitor<'de> for Tensors {
    type Value = BTreeMap<String, TensorInfo>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let mut info: TensorInfo = map.next_value()?;
            info.shape.shrink_to_fit();
            if tensors.contains_key(&name) {
                return Err(A::Error::custom(format_args!("there are two tensors `{name}`")));
            }
            tensors.insert(name, info);
        }
        Ok(tensors)
    }
}

/// That tensors follow each other without a gap, each as long as its shape says; gives the end of the last.
pub(super) fn check(tensors: &BTreeMap<String, TensorInfo>) -> Result<u64, String> {
    let mut order: Vec<(&String, &TensorInfo)> = tensors.iter().collect();
    order.sort_by_key(|(_, info)| info.data_offsets);
    let mut end = 0;
    for (name, info) in order {
        let (from, to) = info.data_offsets;
        let count = info.shape.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
        let bits = count.and_then(|count| count.checked_mul(info.dtype.bitsize()));
        let bytes = bits.filter(|bits| bits % 8 == 0).map(|bits| bits / 8);
        if from != end || to.checked_sub(from).is_none_or(|len| Some(len) != bytes) {
            return Err(format!(
                "has places for `{name}` that are not those of its shape behind the tensor before"
            ));
        }
        end = to;
    }
    Ok(end as u64)
}

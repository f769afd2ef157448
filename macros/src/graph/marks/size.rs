//! Sizes in bytes, as people write them.

/// Units of bytes, a longer name before its end.
const UNITS: [(&str, f64); 8] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("B", 1.0),
];

/// The bytes that "64 MiB" says.
pub(super) fn size(said: &str) -> Option<u64> {
    let said = said.trim();
    let (number, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((said.strip_suffix(name)?.trim_end(), unit)))?;
    let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'_');
    let number: f64 = number.replace('_', "").parse().ok().filter(|_| digits)?;
    let bytes = (number * unit).floor();
    // What 64 bits can't count is no limit for anything.
    (bytes >= 1.0).then_some(bytes as u64)
}

/// What was meant by what is no size: the same with its unit in the right case.
pub(super) fn nearly_size(said: &str) -> Option<String> {
    let meant = UNITS.iter().filter_map(|(name, _)| {
        let at = said.len().checked_sub(name.len())?;
        let (number, unit) = (said.get(..at)?.trim_end(), said.get(at..)?);
        unit.eq_ignore_ascii_case(name).then(|| format!("{number} {name}"))
    });
    meant.into_iter().find(|meant| size(meant).is_some())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (said, bytes) in [
            ("64 MiB", 64 << 20),
            ("64MiB", 64 << 20),
            (" 1.5 GiB ", 3 << 29),
            ("700 B", 700),
            ("2 kB", 2000),
            ("1_000 MB", 1_000_000_000),
        ] {
            assert_eq!(size(said), Some(bytes), "{said}");
        }
        for said in
            ["", "64", "64 MIB", "-1 MiB", "1e3 MiB", "0 MiB", "0.5 B", "MiB", "1.2.3 B", "inf B", "6 4 MiB"]
        {
            assert_eq!(size(said), None, "{said}");
        }
    }
}

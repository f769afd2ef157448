//! From PTX, as NVRTC makes it of kernels, to C++ that the shim runs. What an instruction does is in `cuda/shim/ptx.h`: a
//! function with the instruction's name, of the types that it ends in. So what is here knows the syntax of PTX and little
//! of what it means, and an instruction that the header lacks is one that the C++ compiler does not find.

use std::fmt::Write;

/// The kernels of a source, in C++.
pub(crate) struct Translated {
    pub(crate) text: String,
    /// The name of each in C++, and its row in a table of kernels.
    pub(crate) rows: Vec<(String, String)>,
}

/// Translates what the compiler made of a source: `file`, in messages. The names of kernels get an end, `elem`.
pub(crate) fn translate(file: &str, ptx: &str, elem: &str) -> Translated {
    // Of thousands of registers some are declared and never used.
    let mut text = format!(
        "#include \"shim/ptx.h\"\n#pragma GCC diagnostic ignored \"-Wunused-variable\"\n\
         #pragma GCC diagnostic ignored \"-Wmaybe-uninitialized\"\n\
         using namespace remat_shim::ptx;\nstatic const char FILE_NAME[] = \"{file}\";\n"
    );
    let (mut rows, mut dynamic) = (vec![], vec![]);
    let mut items = items(ptx).into_iter();
    while let Some(item) = items.next() {
        match item.what {
            // What a launch says the size of.
            What::Statement(said) if said.starts_with(".extern .shared ") => dynamic.push(Declared::of(said)),
            // Constants, which are no arrays, stand in instructions too.
            What::Statement(said) if said.starts_with(".global ") => {}
            What::Header(header) => {
                let mut open = 0;
                let body = items.by_ref().take_while(|item| {
                    open += i32::from(item.what == What::Open) - i32::from(item.what == What::Close);
                    open > 0
                });
                let kernel = Kernel::new(header, body.collect(), &dynamic);
                text.push_str(&kernel.written(elem));
                rows.push(kernel.row(elem));
            }
            other => panic!("{file}:{}: {other:?} is not expected between kernels", item.line),
        }
    }
    Translated { text, rows }
}

/// A part of PTX, and the line that it ends in.
struct Item<'a> {
    line: usize,
    what: What<'a>,
}

#[derive(Debug, PartialEq)]
enum What<'a> {
    /// What a semicolon ends.
    Statement(&'a str),
    Label(&'a str),
    /// What stands before the body of a kernel.
    Header(&'a str),
    Open,
    Close,
}

fn items(ptx: &str) -> Vec<Item<'_>> {
    let mut found = vec![];
    let mut line = 1;
    // Where what has not ended begins.
    let (mut start, mut at) = (0, 0);
    while at < ptx.len() {
        let (rest, said) = (&ptx[at..], ptx[start..at].trim());
        let to_its_end =
            [".version", ".target", ".address_size", "//"].iter().any(|word| rest.starts_with(word));
        if said.is_empty() && to_its_end {
            at += rest.find('\n').unwrap_or(rest.len());
            start = at;
            continue;
        }
        let named = |one: char| one == '$' || one == '_' || one.is_ascii_alphanumeric();
        let ended = match rest.as_bytes()[0] {
            b'\n' => {
                line += 1;
                None
            }
            // Of inline assembly two may stand behind one another.
            b';' => Some((!said.is_empty()).then_some(What::Statement(said))),
            b':' if !said.is_empty() && said.chars().all(named) => Some(Some(What::Label(said))),
            // Others hold the operands of a statement.
            b'{' if said.is_empty() => Some(Some(What::Open)),
            b'}' if said.is_empty() => Some(Some(What::Close)),
            b'{' if said.contains(".entry ") => {
                found.push(Item { line, what: What::Header(said) });
                Some(Some(What::Open))
            }
            _ => None,
        };
        at += 1;
        if let Some(what) = ended {
            found.extend(what.map(|what| Item { line, what }));
            start = at;
        }
    }
    assert_eq!(ptx[start..].trim(), "", "PTX that does not end");
    found
}

/// A parameter or an array: `.param .u64 name`, `.shared .align 4 .b8 name[256]`.
struct Declared<'a> {
    name: &'a str,
    bytes: usize,
    align: usize,
}

impl<'a> Declared<'a> {
    fn of(said: &'a str) -> Self {
        let words: Vec<&str> = said.split_whitespace().collect();
        let of_one = words.iter().find_map(|word| bits(word.strip_prefix('.')?)).expect("a type") / 8;
        let align = words.iter().position(|word| *word == ".align").map(|at| words[at + 1].parse());
        let last = words[words.len() - 1];
        let (name, count) = match last.split_once('[') {
            // None is said of an array whose size the launch says.
            Some((name, count)) => (name, count.trim_end_matches(']').parse().unwrap_or(0)),
            None => (last, 1),
        };
        Self {
            name,
            bytes: of_one * count,
            align: align.map_or(of_one, |align| align.expect("an alignment")),
        }
    }
}

/// The bits of a type of PTX, if it is one.
fn bits(kind: &str) -> Option<usize> {
    Some(match kind {
        "pred" => 1,
        "b8" | "u8" | "s8" => 8,
        "b16" | "u16" | "s16" | "f16" | "bf16" => 16,
        "b32" | "u32" | "s32" | "f32" | "f16x2" | "bf16x2" => 32,
        "b64" | "u64" | "s64" | "f64" => 64,
        _ => return None,
    })
}

struct Kernel<'a> {
    name: &'a str,
    /// The most threads of a block.
    threads: &'a str,
    parameters: Vec<Declared<'a>>,
    /// The names of the array in shared memory whose size the launch says, and all other arrays there.
    dynamic: &'a [Declared<'a>],
    shared: Vec<Declared<'a>>,
    body: Vec<Item<'a>>,
}

impl<'a> Kernel<'a> {
    fn new(header: &'a str, body: Vec<Item<'a>>, dynamic: &'a [Declared<'a>]) -> Self {
        let (before, after) = header.split_once('(').expect("parameters");
        let (parameters, directives) = after.split_once(')').expect("parameters that end");
        let threads = directives.split_once(".maxntid ").map_or("1024", |(_, counts)| {
            let (x, others) = counts.split_once(',').expect("three dimensions");
            assert!(others.trim_start().starts_with("1, 1"), "blocks of one dimension, not `{counts}`");
            x.trim()
        });
        let shared = body.iter().filter_map(|item| match item.what {
            What::Statement(said) if said.starts_with(".shared ") => Some(Declared::of(said)),
            _ => None,
        });
        Self {
            name: before.split_whitespace().next_back().expect("a name"),
            threads,
            parameters: parameters
                .split(',')
                .filter(|one| !one.trim().is_empty())
                .map(Declared::of)
                .collect(),
            dynamic,
            shared: shared.collect(),
            body,
        }
    }

    fn row(&self, elem: &str) -> (String, String) {
        let (name, threads, count) = (self.name, self.threads, self.parameters.len());
        let own = format!("{name}_{elem}");
        let row = format!("{{\"{name}\", {own}, {own}_parameters, {count}, {threads}}}");
        (own, row)
    }

    /// Its C++: its parameters as a launch must know them, and a function.
    fn written(&self, elem: &str) -> String {
        let (name, mut text, mut end) = (self.name, String::new(), 0usize);
        write!(text, "extern const remat_shim::Parameter {name}_{elem}_parameters[] = {{").expect("memory");
        for Declared { bytes, align, .. } in &self.parameters {
            let offset = end.next_multiple_of(*align);
            // Which of them are pointers PTX does not say.
            write!(text, "{{{offset}, {bytes}, false}}, ").expect("memory");
            end = offset + bytes;
        }
        // One more than there are, for kernels without.
        write!(text, "{{0, 0, false}}}};\nvoid {name}_{elem}(void** arguments) {{\n").expect("memory");
        for (index, parameter) in self.parameters.iter().enumerate() {
            writeln!(text, "const u64 {} = address_of(arguments[{index}]);", parameter.name).expect("memory");
        }
        let mut arrays = String::from("dynamic_array()");
        for array in self.dynamic {
            writeln!(text, "constexpr u64 {} = 0;", array.name).expect("memory");
        }
        for (index, Declared { name, bytes, .. }) in self.shared.iter().enumerate() {
            writeln!(text, "constexpr u64 {name} = WINDOW * {};\nstatic char {name}_key;", index + 1)
                .expect("memory");
            write!(arrays, ", static_array(&{name}_key, {bytes})").expect("memory");
        }
        writeln!(text, "const Array shared[] = {{{arrays}}};").expect("memory");
        for item in &self.body {
            match item.what {
                What::Statement(said) => text.push_str(&statement(said, item.line)),
                What::Label(label) => writeln!(text, "{}:", plain(label)).expect("memory"),
                What::Open => text.push_str("{\n"),
                What::Close => text.push_str("}\n"),
                What::Header(header) => panic!("{name}: `{header}` in a kernel"),
            }
        }
        // The body's own, and the function's.
        text.push_str("}\n}\n");
        text
    }
}

/// A statement of a kernel's body, in C++.
fn statement(said: &str, line: usize) -> String {
    if let Some(registers) = said.strip_prefix(".reg ") {
        return declaration(registers.trim());
    }
    if said.starts_with(".pragma ") || said.starts_with(".shared ") {
        return String::new();
    }
    assert!(!said.starts_with('.'), "line {line}: `{said}` is not known");
    let Some(guarded) = said.strip_prefix('@') else { return instruction(said, line) };
    let (guard, guarded) = guarded.split_once(char::is_whitespace).expect("an instruction behind its guard");
    let (not, guard) = guard.strip_prefix('!').map_or(("", guard), |guard| ("!", guard));
    format!("if ({not}{}) {}", plain(guard), instruction(guarded.trim(), line))
}

/// `.b32 %r<5>`, which are %r0 to %r4; or `.b32 %name`.
fn declaration(registers: &str) -> String {
    let (kind, name) = registers.split_once(char::is_whitespace).expect("a type and a name");
    let names = match name.trim().split_once('<') {
        Some((name, count)) => {
            let count: usize = count.trim_end_matches('>').parse().expect("a count");
            (0..count).map(|index| format!("{}{index}", plain(name))).collect::<Vec<_>>().join(", ")
        }
        None => plain(name.trim()),
    };
    format!("{} {names};\n", &kind[1..])
}

/// What waits for other threads, or reads or writes memory: it is told where it stands, for messages.
const PLACED: [&str; 8] = ["ld", "st", "cp", "ldmatrix", "mma", "bar", "shfl", "vote"];

fn instruction(said: &str, line: usize) -> String {
    let (opcode, operands) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    let parts: Vec<&str> = opcode.split('.').collect();
    let mut operands = operands_of(operands);
    match parts[0] {
        "bra" => return format!("goto {};\n", operands[0]),
        "ret" => return String::from("return;\n"),
        // The address first, as in stores: behind it are as many numbers as there are.
        "ld" => operands.rotate_right(1),
        _ => {}
    }
    let (types, name): (Vec<&str>, Vec<&str>) = parts.iter().partition(|part| bits(part).is_some());
    let name = name.into_iter().filter(|part| !["v2", "v4"].contains(part)).collect::<Vec<_>>().join("_");
    let types = if types.is_empty() { String::new() } else { format!("<{}>", types.join(", ")) };
    let mut told = vec![];
    if parts.contains(&"shared") {
        told.push(String::from("shared"));
    }
    if PLACED.contains(&parts[0]) {
        told.push(format!("{{FILE_NAME, {line}}}"));
    }
    told.append(&mut operands);
    format!("{name}_{types}({});\n", told.join(", "))
}

/// The operands in C++; those that stand in braces, or are two by a bar, one by one.
fn operands_of(said: &str) -> Vec<String> {
    said.split([',', '{', '}', '|']).map(str::trim).filter(|one| !one.is_empty()).map(operand).collect()
}

fn operand(said: &str) -> String {
    if let Some(address) = said.strip_prefix('[') {
        let address = address.trim_end_matches(']');
        return match address.split_once('+') {
            Some((base, offset)) => format!("{} + ({offset})", plain(base)),
            None => plain(address),
        };
    }
    if let Some(digits) = said.strip_prefix("0f") {
        return format!("single(0x{digits}u)");
    }
    if let Some(digits) = said.strip_prefix("0d") {
        return format!("twice(0x{digits}ull)");
    }
    if said.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit()) {
        // As wide as the widest, so that it keeps its sign.
        return format!("{said}ll");
    }
    match said.strip_prefix('%').and_then(|register| register.split_once('.')) {
        Some((name, dimension)) => format!("{name}_{dimension}()"),
        None => plain(said),
    }
}

/// A name as C++ has it. The type `f32` is not the register `%f32`.
fn plain(name: &str) -> String {
    name.replace('%', "in_").replace('$', "")
}

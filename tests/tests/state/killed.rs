//! Whatever ends a process that saves, the path holds a whole state: the old one or the new one.
//!
//! A child saves two states of 6 MiB in turn to one path, and is killed with SIGKILL at a random moment, 30 times;
//! `REMAT_KILLS` sets another number. Of 500 kills on ext4, 295 found the old state there and 205 the new one, and 380
//! left a file beside it; every load was whole, and the next save removed what was left.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use remat::rng::{self, Key};
use remat_tests::states::{Folder, Whole};

use super::CHILD;

/// Runs the child until `moment` after it has begun to save; the seed of the state that it then was saving, or had
/// just saved.
fn killed(path: &Path, moment: Duration) -> u64 {
    let mut command = Command::new(CHILD);
    let mut child =
        command.arg("alternate").arg(path).stdout(Stdio::piped()).spawn().expect("the child starts");
    let mut output = child.stdout.take().expect("its output");
    // It says a state's seed before it saves that, first when both are made.
    let mut said = [0; 2];
    output.read_exact(&mut said).expect("a seed");
    std::thread::sleep(moment);
    child.kill().expect("it runs until it is killed");
    child.wait().expect("it is gone");
    let mut said = said.to_vec();
    output.read_to_end(&mut said).expect("seeds");
    let last = String::from_utf8(said).expect("digits");
    last.lines().last().and_then(|seed| seed.parse().ok()).expect("a seed")
}

#[test]
fn a_killed_save_leaves_the_old_state_or_the_new_one_and_the_next_removes_its_remains() {
    let kills = std::env::var("REMAT_KILLS").map_or(30, |text| text.parse().expect("a number"));
    let folder = Folder::new("killed");
    let path = folder.path("state");
    let states = [1, 2].map(|seed| Whole::new(seed).unwrap());
    let start = Instant::now();
    for state in &states {
        state.save(&path).unwrap();
    }
    let both = start.elapsed();
    let (mut old, mut new, mut leftovers) = (0, 0, 0);
    let mut loaded = Whole::new(3).unwrap();
    for kill in 0..kills {
        // Within some saves: the first begins with the other's remains, later ones do not.
        let part = rng::uniform(Key { seed: 1, step: 0, node: 0 }, kill);
        let saving = killed(&path, both.mul_f64(2.0 * part));
        let found = loaded.load(&path).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        assert!((1..=2).contains(&found));
        assert!(
            loaded.is_the_same(&states[found as usize - 1]),
            "kill {kill}: the state {found} has changed"
        );
        *(if found == saving { &mut new } else { &mut old }) += 1;
        let remains = folder.names().len() - 1;
        assert!(remains <= 1, "kill {kill}: {:?}", folder.names());
        leftovers += remains;
        if kill % 3 == 0 {
            states[0].save(&path).unwrap();
            assert_eq!(folder.names(), ["state"], "kill {kill}");
        }
    }
    // `cargo test` shows it with `-- --nocapture`.
    println!(
        "{kills} kills: the old state {old} times, the new one {new} times, {leftovers} files beside it"
    );
    states[1].save(&path).unwrap();
    assert_eq!(folder.names(), ["state"]);
}

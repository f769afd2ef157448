//! Threads that save to one path and others that load from it do not disturb each other.

use std::sync::atomic::{AtomicUsize, Ordering};

use remat_tests::states::{Folder, Whole};

/// Saves of each thread that saves.
const SAVES: usize = 12;
/// Threads that save, each a state of its own, and as many that load.
const THREADS: u64 = 3;

#[test]
fn every_load_beside_saves_is_whole_and_one_of_theirs() {
    let folder = Folder::new("together");
    let path = folder.path("state");
    let states: Vec<Whole> = (0..THREADS).map(|seed| Whole::new(seed).unwrap()).collect();
    states[0].save(&path).unwrap();
    let saving = AtomicUsize::new(states.len());
    let loads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for state in &states {
            scope.spawn(|| {
                for _ in 0..SAVES {
                    state.save(&path).unwrap();
                }
                saving.fetch_sub(1, Ordering::Relaxed);
            });
        }
        for reader in 0..THREADS {
            let (path, states, saving, loads) = (&path, &states, &saving, &loads);
            scope.spawn(move || {
                let mut loaded = Whole::new(THREADS + reader).unwrap();
                while saving.load(Ordering::Relaxed) > 0 {
                    let seed = loaded.load(path).unwrap();
                    assert!(loaded.is_the_same(&states[seed as usize]), "the state {seed} has changed");
                    loads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(loads.into_inner() > 0);
    assert_eq!(folder.names(), ["state"]);
}

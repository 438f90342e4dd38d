//! The floor under every durable login: `pwrite` and `fdatasync` in place, nothing else, on the same disk.

use crate::numbers::Figures;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes written at once: a slot of mfad's state record.
const SLOT: usize = 4096;

const TIME: Duration = Duration::from_secs(1);

/// As many threads as asked for, each with a file of two slots written in turn, for a second.
pub(crate) fn flushes(folder: &Path, threads: usize) -> Figures {
    let start = Instant::now();
    let times: Vec<Duration> = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|n| scope.spawn(move || flush(&folder.join(n.to_string()), start))).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a thread that writes")).collect()
    });
    let per_second = times.len() as f64 / start.elapsed().as_secs_f64();
    Figures::of(times, per_second, 0)
}

fn flush(path: &Path, start: Instant) -> Vec<Duration> {
    std::fs::write(path, [0; 2 * SLOT]).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.sync_all().unwrap();
    let mut times = Vec::new();
    while start.elapsed() < TIME {
        let offset = if times.len() % 2 == 0 { 0 } else { SLOT as u64 };
        let begun = Instant::now();
        file.write_all_at(&[1; SLOT], offset).and_then(|()| file.sync_data()).unwrap();
        times.push(begun.elapsed());
    }
    times
}

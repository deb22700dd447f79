//! A disk that loses what it was not told to keep.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::tape::Call;

/// What a sector is written or lost with as a whole.
const SECTOR: usize = 512;

/// A file: what is certainly there, and what may be.
#[derive(Debug, Clone, Default)]
struct File {
    kept: Vec<u8>,
    /// What came since, with the number of its call.
    since: Vec<(usize, Change)>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// A change of names. A journaling file system keeps these in their order.
#[derive(Debug, Clone)]
enum Name {
    Of(String, usize),
    Gone(String),
}

/// The disk.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    files: Vec<File>,
    /// The names as they are now, as they certainly are on the disk, and what lies between.
    names: BTreeMap<String, usize>,
    kept_names: BTreeMap<String, usize>,
    since: Vec<(usize, Name)>,
    begun: HashMap<u64, (Option<usize>, usize)>,
    calls: usize,
}

/// A cheap sequence that is the same for the same seed.
pub struct Random(pub u64);

impl Random {
    /// Below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

impl Disk {
    /// One that has what is in a folder.
    pub fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        disk.read(folder, folder);
        disk.kept_names.clone_from(&disk.names);
        disk
    }

    fn read(&mut self, root: &Path, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(root, &path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            self.names.insert(name.to_owned(), self.files.len());
            self.files.push(File {
                kept: std::fs::read(&path).unwrap(),
                since: Vec::new(),
            });
        }
    }

    fn file(&mut self, name: &str) -> usize {
        if let Some(&file) = self.names.get(name) {
            return file;
        }
        let file = self.files.len();
        self.files.push(File::default());
        self.names.insert(name.to_owned(), file);
        self.since
            .push((self.calls, Name::Of(name.to_owned(), file)));
        file
    }

    /// A call happens.
    pub fn follow(&mut self, call: &Call) {
        self.calls += 1;
        let now = self.calls;
        match call {
            Call::Said(_) => {}
            Call::Write(name, at, data) => {
                let file = self.file(name);
                let change = Change::Write(usize::try_from(*at).unwrap(), data.clone());
                self.files[file].since.push((now, change));
            }
            Call::Length(name, length) => {
                let file = self.file(name);
                let change = Change::Length(usize::try_from(*length).unwrap());
                self.files[file].since.push((now, change));
            }
            Call::Opened(name, empties) => {
                let file = self.file(name);
                if *empties {
                    self.files[file].since.push((now, Change::Length(0)));
                }
            }
            Call::Renamed(from, to) => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                    self.since.push((now, Name::Of(to.clone(), file)));
                    self.since.push((now, Name::Gone(from.clone())));
                }
            }
            Call::Removed(name) => {
                self.names.remove(name);
                self.since.push((now, Name::Gone(name.clone())));
            }
            Call::Begun(name, number) => {
                // What is no file is a folder: its names are kept then.
                let file = self.names.get(name).copied();
                self.begun.insert(*number, (file, now));
            }
            Call::Synchronized(number) => {
                let (file, begun) = self.begun.remove(number).expect("it was begun");
                if let Some(file) = file {
                    let file = &mut self.files[file];
                    let whole = file.since.partition_point(|(call, _)| *call < begun);
                    for (_, change) in file.since.drain(..whole) {
                        change.onto(&mut file.kept);
                    }
                }
                let whole = self.since.partition_point(|(call, _)| *call < begun);
                for (_, name) in self.since.drain(..whole) {
                    name.onto(&mut self.kept_names);
                }
            }
        }
    }

    /// The power goes. What is left is put into an empty folder.
    pub fn cut(&self, folder: &Path, random: &mut Random) {
        let mut names = self.kept_names.clone();
        let last = random.below(self.since.len() + 1);
        for (_, name) in &self.since[..last] {
            name.clone().onto(&mut names);
        }
        // From all to nothing, and anything between.
        let percent = [0, 10, 50, 90, 100][random.below(5)];
        for (name, file) in names {
            let file = &self.files[file];
            let mut left = file.kept.clone();
            for (_, change) in &file.since {
                if random.below(100) < percent {
                    change.clone().onto(&mut left);
                } else if let Change::Write(at, data) = change {
                    // Some sectors of it, of a write that was under way.
                    if random.below(4) == 0 {
                        for (number, sector) in data.chunks(SECTOR).enumerate() {
                            if random.below(2) == 0 {
                                let change = Change::Write(at + number * SECTOR, sector.to_vec());
                                change.onto(&mut left);
                            }
                        }
                    }
                }
            }
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, left).unwrap();
        }
    }
}

impl Change {
    fn onto(self, file: &mut Vec<u8>) {
        match self {
            Self::Write(at, data) => {
                let end = at + data.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[at..end].copy_from_slice(&data);
            }
            Self::Length(length) => file.resize(length, 0),
        }
    }
}

impl Name {
    fn onto(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Of(name, file) => {
                names.insert(name, file);
            }
            Self::Gone(name) => {
                names.remove(&name);
            }
        }
    }
}

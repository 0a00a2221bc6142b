//! The log of `serve` in its data folder: JSON lines, of which the newest are kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The most that one file holds, in bytes. Two are kept, the current one and the one before it.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The current file and its size. Each write is one line and stays whole.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    earlier: PathBuf,
    file: File,
    size: u64,
    largest: u64,
}

impl LogFile {
    /// Continues the second of the files, which only its owner can read; the first keeps the lines before its own.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub(crate) fn open(files: [PathBuf; 2]) -> io::Result<Self> {
        Self::with_largest(files, LARGEST)
    }

    fn with_largest([earlier, path]: [PathBuf; 2], largest: u64) -> io::Result<Self> {
        let file = append(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, earlier, file, size, largest })
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.size > 0 && self.size.saturating_add(length) > self.largest {
            fs::rename(&self.path, &self.earlier)?;
            self.file = append(&self.path)?;
            self.size = 0;
        }
        self.file.write_all(line)?;
        self.size += length;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["logs.jsonl.1", "logs.jsonl"].map(|name| folder.path().join(name));
        let mut log = LogFile::with_largest(files.clone(), 10).unwrap();
        for line in ["first\n", "two\n", "three\n", "a line longer than a file\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        drop(log);
        let read = || files.each_ref().map(|path| fs::read_to_string(path).unwrap());
        assert_eq!(read(), ["three\n", "a line longer than a file\n"]);
        LogFile::with_largest(files.clone(), 100).unwrap().write_all(b"again\n").unwrap();
        assert_eq!(read(), ["three\n", "a line longer than a file\nagain\n"]);
    }
}

//! Several files that are all written, or none of them.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::exit::Failure;

/// What is to be written, by path.
#[derive(Debug, Default)]
pub(in crate::adopt) struct Files(Vec<File>);

#[derive(Debug)]
struct File {
    path: PathBuf,
    text: String,
    /// It may be there already, since it is only added to.
    grows: bool,
}

impl Files {
    /// A file that must not be there yet.
    pub(in crate::adopt) fn add(&mut self, path: PathBuf, text: String) {
        self.0.push(File { path, text, grows: false });
    }

    /// A file that keeps all that it has.
    pub(in crate::adopt) fn grow(&mut self, path: PathBuf, text: String) {
        self.0.push(File { path, text, grows: true });
    }

    /// Their names, but for those that say the same already.
    pub(in crate::adopt) fn names(&self) -> Vec<String> {
        self.changes().map(|file| file.path.display().to_string()).collect()
    }

    /// Refuses where a file is there that says something else.
    pub(in crate::adopt) fn check(&self, force: bool) -> Result<(), Failure> {
        let there: Vec<String> = self
            .changes()
            .filter(|file| !file.grows && !force && file.path.exists())
            .map(|file| file.path.display().to_string())
            .collect();
        if there.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{} there already, and nothing was written: remove what you do not need, or say `--force` to write \
             over it",
            match there.as_slice() {
                [one] => format!("{one} is"),
                many => format!("{} are", many.join(", ")),
            }
        )))
    }

    /// Writes all of them beside their places, and then puts each where it belongs; where one cannot be,
    /// those before it go back.
    pub(in crate::adopt) fn write(&self, force: bool) -> Result<(), Failure> {
        self.check(force)?;
        let mut begun = Begun::default();
        for file in self.changes() {
            begun.stage(file).map_err(|error| refused(&partial(&file.path), &error))?;
        }
        for file in self.changes() {
            begun.place(file, force).map_err(|error| refused(&file.path, &error))?;
        }
        begun.done();
        Ok(())
    }

    fn changes(&self) -> impl Iterator<Item = &File> {
        let same =
            |file: &File| fs::read(&file.path).is_ok_and(|bytes| bytes == file.text.as_bytes());
        self.0.iter().filter(move |file| !same(file))
    }
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    Failure::refused(format!("{} cannot be written: {error}; nothing was written", path.display()))
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// What has to be taken back if it does not come to an end.
#[derive(Debug, Default)]
struct Begun {
    folders: Vec<PathBuf>,
    partials: Vec<PathBuf>,
    made: Vec<PathBuf>,
    replaced: Vec<(PathBuf, Vec<u8>)>,
}

impl Begun {
    fn stage(&mut self, file: &File) -> io::Result<()> {
        let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let missing: Vec<&Path> = folder
            .into_iter()
            .flat_map(Path::ancestors)
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder)?;
            self.folders.push(folder.to_owned());
        }
        let partial = partial(&file.path);
        let mut to = fs::File::create_new(&partial)?;
        self.partials.push(partial);
        if let Ok(there) = fs::metadata(&file.path) {
            to.set_permissions(there.permissions())?;
        }
        to.write_all(file.text.as_bytes())?;
        to.sync_all()
    }

    fn place(&mut self, file: &File, force: bool) -> io::Result<()> {
        let partial = partial(&file.path);
        if file.path.exists() && (force || file.grows) {
            self.replaced.push((file.path.clone(), fs::read(&file.path)?));
            return fs::rename(&partial, &file.path);
        }
        // Unlike a rename, a link overwrites nothing.
        fs::hard_link(&partial, &file.path)?;
        self.made.push(file.path.clone());
        fs::remove_file(&partial)
    }

    fn done(mut self) {
        self.folders.clear();
        self.made.clear();
        self.replaced.clear();
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        for path in self.partials.iter().chain(&self.made) {
            let _ = fs::remove_file(path);
        }
        for (path, bytes) in &self.replaced {
            let _ = fs::write(path, bytes);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut texts: Vec<_> = entries
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|e| (e.file_name().into_string().unwrap(), fs::read_to_string(e.path()).unwrap()))
            .collect();
        texts.sort();
        texts
    }

    #[test]
    fn all_are_written_or_none() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("grown"), "old").unwrap();
        // A folder stands where the last file belongs.
        fs::create_dir(at("taken")).unwrap();
        let mut files = Files::default();
        files.grow(at("grown"), "new, old".to_owned());
        files.add(at("deep/er/file"), "text".to_owned());
        files.add(at("taken"), "text".to_owned());
        assert!(files.write(false).is_err());
        assert!(files.write(true).is_err());
        assert_eq!(texts(folder.path()), [("grown".to_owned(), "old".to_owned())]);
        assert!(!at("deep").exists());

        fs::remove_dir(at("taken")).unwrap();
        files.write(false).unwrap();
        assert_eq!(fs::read_to_string(at("deep/er/file")).unwrap(), "text");
        assert_eq!(fs::read_to_string(at("grown")).unwrap(), "new, old");
        // What somebody else is writing beside it is not touched.
        fs::write(at("other.partial"), "theirs").unwrap();
        let mut other = Files::default();
        other.add(at("other"), "text".to_owned());
        assert!(other.write(true).is_err());
        assert_eq!(fs::read_to_string(at("other.partial")).unwrap(), "theirs");
        // The same again is nothing new.
        assert!(files.names().is_empty());
        files.write(false).unwrap();
    }

    #[test]
    fn what_is_there_stays_unless_it_is_forced() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("mine");
        fs::write(&path, "mine").unwrap();
        let mut files = Files::default();
        files.add(path.clone(), "yours".to_owned());
        let refused = files.write(false).unwrap_err().to_string();
        assert!(refused.contains("mine is there already"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        files.write(true).unwrap();
        assert_eq!(texts(folder.path()), [("mine".to_owned(), "yours".to_owned())]);
    }
}

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const KEY: &str = "stitch_id_secret";

fn snapshot(number: u64) -> SyncResponse {
    let settings = Some(r#"{"schema_version":"1.0"}"#.to_owned());
    SyncResponse { history_id: "h".to_owned(), sequence_number: number, snapshot: true, settings, ..Default::default() }
}

fn place() -> Cache {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("stitch-cache-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    Cache::new(folder.join("flags.cache"), KEY)
}

/// The number that is found, and what was wrong.
fn found(cache: &Cache) -> (Option<u64>, Vec<String>) {
    let (found, wrong) = cache.load(|message| Ok(message.sequence_number));
    (found.map(|(number, _)| number), wrong)
}

fn clear(cache: &Cache) {
    fs::remove_dir_all(cache.path.parent().unwrap()).unwrap();
}

#[test]
fn the_newest_three_are_kept() {
    let cache = place();
    assert_eq!(found(&cache), (None, vec![]));
    for number in 1..=4 {
        assert_eq!(cache.save(&snapshot(number)).unwrap(), Saved::Written);
        assert_eq!(cache.save(&snapshot(number)).unwrap(), Saved::Known);
        assert_eq!(found(&cache), (Some(number), vec![]));
    }
    let numbers = (0..GENERATIONS).map(|age| cache.open(&fs::read(cache.generation(age)).unwrap()).unwrap());
    assert_eq!(numbers.map(|message| message.sequence_number).collect::<Vec<_>>(), [4, 3, 2]);
    let mut names: Vec<_> =
        fs::read_dir(cache.path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["flags.cache", "flags.cache.1", "flags.cache.2", "flags.cache.lock"]);
    clear(&cache);
}

#[test]
fn what_is_cut_off_anywhere_is_not_believed() {
    let cache = place();
    cache.save(&snapshot(1)).unwrap();
    cache.save(&snapshot(2)).unwrap();
    let whole = fs::read(&cache.path).unwrap();
    for length in 0..whole.len() {
        fs::write(&cache.path, &whole[..length]).unwrap();
        let (number, wrong) = found(&cache);
        assert_eq!((number, wrong.len()), (Some(1), 1), "{length} bytes of {}", whole.len());
    }
    fs::write(&cache.path, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(cache.save(&snapshot(2)).unwrap(), Saved::Written, "what is torn is written anew");
    let longer = [&*whole, b"x"].concat();
    fs::write(&cache.path, longer).unwrap();
    assert_eq!(found(&cache).0, Some(1));
    fs::remove_file(cache.generation(2)).unwrap();
    let (number, wrong) = found(&cache);
    assert_eq!((number, wrong.len()), (None, 2), "what is torn is not believed, though there is nothing else");
    clear(&cache);
}

#[test]
fn what_has_another_byte_anywhere_is_not_believed() {
    let cache = place();
    cache.save(&snapshot(1)).unwrap();
    let whole = fs::read(&cache.path).unwrap();
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << bit;
            assert!(cache.open(&flipped).is_err(), "byte {place}, bit {bit}");
        }
    }
    assert!(cache.open(&whole).is_ok());
    clear(&cache);
}

#[test]
fn whoever_is_torn_away_while_writing_leaves_one_that_is_whole() {
    let cache = place();
    cache.save(&snapshot(1)).unwrap();
    cache.save(&snapshot(2)).unwrap();
    let states = |cache: &Cache| found(cache).0;
    // Before anything was moved there is half a new file beside it.
    fs::write(cache.beside(".new"), b"stitch def").unwrap();
    assert_eq!(states(&cache), Some(2));
    // Moved away, and the new one not there yet.
    fs::rename(cache.generation(1), cache.generation(2)).unwrap();
    assert_eq!(states(&cache), Some(2));
    fs::rename(cache.generation(0), cache.generation(1)).unwrap();
    assert_eq!(states(&cache), Some(2));
    // And the next one writes as if nothing had been.
    assert_eq!(cache.save(&snapshot(3)).unwrap(), Saved::Written);
    assert_eq!(states(&cache), Some(3));
    clear(&cache);
}

#[test]
fn what_another_key_saved_is_not_believed() {
    let cache = place();
    cache.save(&snapshot(1)).unwrap();
    let (number, wrong) = found(&Cache::new(cache.path.clone(), "stitch_other_secret"));
    assert_eq!(number, None);
    assert!(wrong[0].contains("another SDK key") && !wrong[0].contains("secret"), "{wrong:?}");
    let file = fs::read(&cache.path).unwrap();
    assert!(!file.windows(KEY.len()).any(|window| window == KEY.as_bytes()));
    clear(&cache);
}

#[test]
fn an_older_one_serves_where_the_newest_makes_no_sense() {
    let cache = place();
    cache.save(&snapshot(1)).unwrap();
    cache.save(&snapshot(2)).unwrap();
    let accept = |message: SyncResponse| if message.sequence_number == 2 { Err("no sense".to_owned()) } else { Ok(()) };
    let (accepted, wrong) = cache.load(accept);
    assert!(accepted.is_some());
    assert!(wrong.len() == 1 && wrong[0].ends_with("is not used: no sense"), "{wrong:?}");
    clear(&cache);
}

#[test]
fn one_process_writes_at_a_time() {
    let cache = place();
    cache.save(&snapshot(1)).unwrap();
    let lock = File::open(cache.beside(".lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(cache.save(&snapshot(2)).unwrap(), Saved::Busy);
    drop(lock);
    assert_eq!(cache.save(&snapshot(2)).unwrap(), Saved::Written);
    clear(&cache);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let cache = place();
    cache.save(&snapshot(1)).unwrap();
    assert_eq!(fs::metadata(&cache.path).unwrap().permissions().mode() & 0o777, 0o600);
    clear(&cache);
}

#[test]
fn a_place_that_cannot_be_written_to_is_an_error() {
    let cache = place();
    clear(&cache);
    assert_eq!(cache.save(&snapshot(1)).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(found(&cache), (None, vec![]));
}

//! What is in `src/generated` is what the contract generates.

use std::fs;
use std::path::Path;

use prost::Message;

#[test]
fn the_generated_code_is_that_of_the_contract() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let proto = crate_folder.join("proto");
    let descriptors = protox::compile([proto.join("stitch/sync/v1/sync.proto")], [proto]).unwrap();
    fs::write(made.join("stitch.sync.v1.bin"), descriptors.encode_to_vec()).unwrap();
    tonic_prost_build::configure()
        .build_server(false)
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .out_dir(made)
        .compile_fds(descriptors)
        .unwrap();
    let stale = |name: &&str| {
        let kept = crate_folder.join("src/generated").join(name);
        let new = fs::read(made.join(name)).unwrap();
        let stale = fs::read(&kept).ok().as_ref() != Some(&new);
        fs::write(&kept, new).unwrap();
        stale
    };
    let stale: Vec<_> = ["stitch.sync.v1.rs", "stitch.sync.v1.bin"].into_iter().filter(stale).collect();
    assert!(stale.is_empty(), "{stale:?} were out of date and are written anew: look at them, and commit them");
}

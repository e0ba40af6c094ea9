//! macOS refuses symbols that only the interpreter will bring, unless it is told.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}

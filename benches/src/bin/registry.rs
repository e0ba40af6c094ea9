//! Prints the registry that everything here is measured on.

fn main() {
    println!("{}", benches::registry());
}

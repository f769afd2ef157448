//! Prints the networks of `drawn.rs`.

fn main() {
    print!("{}", remat_tests::draw::table());
}

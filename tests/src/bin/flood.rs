//! Opens connections to a socket and keeps them until its input ends: `flood SOCKET COUNT`.
//!
//! Says how many it got. A connection that is refused, or that the other side closes, stays a loss.

use std::io::Read;
use std::os::unix::net::UnixStream;

fn main() {
    let mut args = std::env::args().skip(1);
    let socket = args.next().expect("a socket");
    let count: usize = args.next().and_then(|n| n.parse().ok()).expect("a count");
    let kept: Vec<_> = (0..count).map_while(|_| UnixStream::connect(&socket).ok()).collect();
    println!("{}", kept.len());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

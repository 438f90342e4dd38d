//! The program `mfa-authenticator`.

fn main() -> std::process::ExitCode {
    authenticator::cli::main()
}

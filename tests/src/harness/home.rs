//! A house on a system bus, with alice enrolled and a device of hers: where tests of pushes begin.

use super::{Device, Enrolled, House, Mfactl, Mfad, PASSWORD, Program, Ssh, Sshd, SystemBus, Terminal, World};
use std::time::{Duration, Instant};

/// How a prompt ends that offers codes and a push.
pub const BOTH: &str = "on your desktop and press Enter): ";

/// What a push needs.
pub struct Home {
    /// alice's device, paired and registered.
    pub device: Device,
    /// Its name.
    pub id: String,
    /// alice's factor and recovery codes; the first of these was spent on pairing.
    pub enrolled: Enrolled,
    /// Everything else.
    pub house: House,
    /// The system bus.
    pub bus: SystemBus,
}

impl Home {
    /// A home of this name whose mfad has this policy.
    #[must_use]
    pub fn new(name: &str, policy: &str) -> Self {
        Self::with(name, |world| Mfad::start(world, policy))
    }

    /// The same, whose mfad's time can be let pass: [`Mfad::lets_pass`].
    #[must_use]
    pub fn with_own_timers(name: &str, policy: &str) -> Self {
        Self::with(name, |world| Mfad::start_with_own_timers(world, policy))
    }

    fn with(name: &str, mfad: impl FnOnce(&World) -> Mfad) -> Self {
        let world = World::new(name);
        let bus = SystemBus::start(&world);
        let mfad = mfad(&world);
        let house = House { mfad, mfactl: Mfactl::new(&world), world };
        house.mfad.is_on_the_bus(1);
        let enrolled = house.enroll("alice", "totp");
        let mut device = Device::start(&house.world.user("alice"), 1);
        let id = device.pair(&enrolled.recovery_codes[0]);
        Self { device, id, enrolled, house, bus }
    }

    /// Enrols another user with a device of this seed, paired and registered.
    #[must_use]
    pub fn neighbour(&self, user: &str, seed: u8) -> Device {
        let enrolled = self.house.enroll(user, "totp");
        let mut device = Device::start(&self.house.world.user(user), seed);
        let _ = device.pair(&enrolled.recovery_codes[0]);
        device
    }

    /// Lets alice use sudo by a stack of password and our module.
    pub fn furnish_sudo(&self) {
        self.furnish_sudo_with(1);
    }

    /// The same; sudo itself begins so many times.
    pub fn furnish_sudo_with(&self, tries: u8) {
        let module = self.house.world.module("required", "first_factor=stack");
        // Its own delay after a failure is not what is tested.
        self.house.world.pam("sudo", &["requisite pam_unix.so nodelay", &module]);
        let defaults = format!("Defaults passwd_tries={tries}, timestamp_timeout=0");
        self.house.world.sudoers(&format!("{defaults}\nalice ALL=(ALL) ALL"));
    }

    /// `sudo id -un` by alice on a terminal, at the prompt that offers a push; the number it shows, and the request her
    /// device is shown.
    pub fn sudo(&mut self) -> (Terminal, String, serde_json::Value) {
        self.sudo_with(1)
    }

    /// The same by a sudo that begins so many times.
    pub fn sudo_with(&mut self, tries: u8) -> (Terminal, String, serde_json::Value) {
        self.furnish_sudo_with(tries);
        let alice = self.house.world.user("alice");
        let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&alice));
        terminal.answer("assword", PASSWORD);
        let prompt = terminal.expect(BOTH);
        let request = self.device.presented();
        (terminal, number_in(&prompt), request)
    }

    /// An sshd that wants alice's key first, and the way to it.
    #[must_use]
    pub fn sshd(&self) -> (Sshd, Program) {
        self.house.world.pam("sshd", &[&self.house.world.module("required", ""), "required pam_permit.so"]);
        let sshd = Sshd::start(&self.house.world, "AuthenticationMethods publickey,keyboard-interactive");
        let alice = self.house.world.user("alice");
        let program = Ssh::to(&sshd, "alice").key(&self.house.world, &alice).command("id -un");
        (sshd, program)
    }

    /// Waits for a line in the log about alice with this reason.
    pub fn logged(&self, reason: &str) {
        self.house.world.log().expect(&["user=\"alice\"", &format!("reason={reason}")]);
    }
}

impl Mfad {
    /// Waits until it has said for the `times`th time that it is on the bus.
    ///
    /// # Panics
    /// When it does not within 15 seconds.
    pub fn is_on_the_bus(&self, times: usize) {
        let end = Instant::now() + Duration::from_secs(15);
        while self.errors().matches("on the system bus").count() < times {
            assert!(Instant::now() < end, "{}", self.errors());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The number a prompt shows, as it is typed on a device.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn number_in(prompt: &str) -> String {
    let digits: Vec<&str> = prompt.split(' ').map(|word| word.trim_matches(',')).collect();
    let pair =
        digits.windows(2).find(|pair| pair.iter().all(|w| w.len() == 3 && w.bytes().all(|b| b.is_ascii_digit())));
    pair.unwrap_or_else(|| panic!("no number in {prompt:?}")).concat()
}

/// A number of the same form that is not this one.
#[must_use]
pub fn another_than(number: &str) -> &'static str {
    if number == "000000" { "000001" } else { "000000" }
}

/// A request's name.
///
/// # Panics
/// When it has none.
#[must_use]
pub fn request_id(request: &serde_json::Value) -> String {
    request["id"].as_str().expect("an id").to_owned()
}

//! What a screen reader sees of the window, and does with it: the tree of the accessibility bus (AT-SPI).

use super::{Desktop, PATIENCE, wait};
use std::time::{Duration, Instant};
use zbus::zvariant::Type;
use zbus::{Connection, OwnedObjectPath, OwnedVariant};

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";

/// Bits of AT-SPI's state set.
const FOCUSABLE: u32 = 11;
const FOCUSED: u32 = 12;
const SENSITIVE: u32 = 24;

/// A reference to an accessible object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, Type)]
struct Reference(String, OwnedObjectPath);

/// One object, as it was when it was looked at.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    reference: Reference,
    pub role: String,
    pub name: String,
    states: u64,
}

impl Node {
    fn is(&self, state: u32) -> bool {
        self.states & (1 << state) != 0
    }

    pub(crate) fn is_sensitive(&self) -> bool {
        self.is(SENSITIVE)
    }

    pub(crate) fn is_focused(&self) -> bool {
        self.is(FOCUSED)
    }

    pub(crate) fn is_focusable(&self) -> bool {
        self.is(FOCUSABLE)
    }
}

/// A connection to the accessibility bus.
pub(crate) struct Reader(Connection);

impl Reader {
    pub(crate) async fn start(desktop: &Desktop) -> Self {
        let session = desktop.connect("session").await;
        let bus = Some("org.a11y.Bus");
        let reply = session.call_method(bus, "/org/a11y/bus", bus, "GetAddress", &()).await.unwrap();
        let address: String = reply.body().deserialize().unwrap();
        Self(zbus::connection::Builder::address(address.as_str()).build().await.unwrap())
    }

    /// Everything that is visible now, parents before their children. What disappears meanwhile is left out.
    pub(crate) async fn tree(&self) -> Vec<Node> {
        let root = OwnedObjectPath::try_from("/org/a11y/atspi/accessible/root").unwrap();
        let mut nodes = Vec::new();
        let mut left = vec![Reference("org.a11y.atspi.Registry".into(), root)];
        while let Some(reference) = left.pop() {
            let Ok(children) = self.call::<_, Vec<Reference>>(&reference, ACCESSIBLE, "GetChildren", &()).await else {
                continue;
            };
            left.extend(children.into_iter().rev());
            nodes.extend(self.node(reference).await);
        }
        nodes
    }

    async fn node(&self, reference: Reference) -> zbus::Result<Node> {
        let get = ("org.a11y.atspi.Accessible", "Name");
        let name: OwnedVariant = self.call(&reference, "org.freedesktop.DBus.Properties", "Get", &get).await?;
        let role: String = self.call(&reference, ACCESSIBLE, "GetRoleName", &()).await?;
        let states: Vec<u32> = self.call(&reference, ACCESSIBLE, "GetState", &()).await?;
        let states = states.iter().rev().fold(0, |all, half| all << 32 | u64::from(*half));
        Ok(Node { reference, role, name: String::try_from(name).unwrap_or_default(), states })
    }

    async fn call<B, R>(&self, to: &Reference, interface: &str, method: &str, body: &B) -> zbus::Result<R>
    where
        B: serde::Serialize + zbus::DynamicType,
        R: serde::de::DeserializeOwned + Type,
    {
        let reply = self.0.call_method(Some(to.0.as_str()), &to.1, Some(interface), method, body).await?;
        reply.body().deserialize()
    }

    /// The object of this role and name, or beginning of it, that is on the screen.
    pub(crate) async fn find(&self, role: &str, name: &str) -> Option<Node> {
        self.tree().await.into_iter().find(|node| node.role == role && node.name.starts_with(name))
    }

    /// Waits for it; in vain, says what there is instead.
    pub(crate) async fn wait(&self, role: &str, name: &str) -> Node {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(node) = self.find(role, name).await {
                return node;
            }
            if Instant::now() > until {
                let there = self.tree().await.into_iter().map(|node| format!("{} {:?}", node.role, node.name));
                panic!("waited in vain for a {role} called {name}; there is: {:#?}", there.collect::<Vec<_>>());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until it is sensitive, and presses it.
    pub(crate) async fn press(&self, name: &str) {
        wait(&format!("{name} to be sensitive"), async || self.is_sensitive(name).await).await;
        let button = self.find("button", name).await.unwrap();
        self.act(&button).await;
    }

    /// Presses it whatever it is.
    pub(crate) async fn act(&self, node: &Node) -> bool {
        self.call(&node.reference, "org.a11y.atspi.Action", "DoAction", &0i32).await.unwrap_or(false)
    }

    pub(crate) async fn is_sensitive(&self, button: &str) -> bool {
        self.find("button", button).await.is_some_and(|button| button.is_sensitive())
    }

    /// What has the focus.
    pub(crate) async fn focus(&self) -> Option<Node> {
        self.tree().await.into_iter().find(|node| node.is_focused() && node.role != "window")
    }

    /// Where it lies in its window, and how large it is.
    pub(crate) async fn extents(&self, node: &Node) -> (i32, i32, i32, i32) {
        const IN_WINDOW: u32 = 1;
        let component = "org.a11y.atspi.Component";
        self.call(&node.reference, component, "GetExtents", &IN_WINDOW).await.unwrap()
    }

    /// All texts on the screen.
    pub(crate) async fn texts(&self) -> Vec<String> {
        self.tree().await.into_iter().map(|node| node.name).filter(|name| !name.is_empty()).collect()
    }

    /// Whether some text on the screen contains this one.
    pub(crate) async fn says(&self, text: &str) -> bool {
        self.texts().await.iter().any(|said| said.contains(text))
    }
}

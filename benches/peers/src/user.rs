//! For whom the flags are asked: an id and eight attributes, all of them texts.

/// A user, as the program that asks has them.
#[derive(Clone, Debug)]
pub struct User {
    /// Twelve bytes.
    pub id: String,
    /// `staff`.
    pub tier: String,
    /// `TH`.
    pub country: String,
    /// `ios`.
    pub device: String,
    /// `pro`.
    pub plan: String,
    /// `th`.
    pub language: String,
    /// `4.2.0`.
    pub app_version: String,
    /// `organic`.
    pub channel: String,
    /// `THB`.
    pub currency: String,
}

impl User {
    /// The user whom every rule of the rows matches.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            tier: "staff".to_owned(),
            country: "TH".to_owned(),
            device: "ios".to_owned(),
            plan: "pro".to_owned(),
            language: "th".to_owned(),
            app_version: "4.2.0".to_owned(),
            channel: "organic".to_owned(),
            currency: "THB".to_owned(),
        }
    }

    /// The attributes with their names.
    #[inline]
    pub fn attributes(&self) -> [(&'static str, &str); 8] {
        [
            ("tier", &self.tier),
            ("country", &self.country),
            ("device", &self.device),
            ("plan", &self.plan),
            ("language", &self.language),
            ("app_version", &self.app_version),
            ("channel", &self.channel),
            ("currency", &self.currency),
        ]
    }
}

/// The users of every row.
pub fn users() -> Vec<User> {
    benches::users().iter().map(|id| User::new(id)).collect()
}

//! Where the page of a job is shown.

use std::{fmt, str::FromStr};

/// Where the page of a job is shown: `7000` on this machine alone, or `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiAddress {
    /// A name or an address of this machine, without brackets.
    pub host: String,
    /// The port; 0 lets the system choose one.
    pub port: u16,
}

/// Text that is no place for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiAddressParseError(String);

impl fmt::Display for UiAddressParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no place for the page: a port of this machine is meant, such as 7000 (0 lets the system \
             choose), or HOST:PORT, such as 0.0.0.0:7000 or [::1]:7000",
            self.0
        )
    }
}

impl std::error::Error for UiAddressParseError {}

impl UiAddress {
    /// A port that only programs of this machine can reach.
    pub fn local(port: u16) -> Self {
        UiAddress { host: "127.0.0.1".to_owned(), port }
    }
}

impl fmt::Display for UiAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for UiAddress {
    type Err = UiAddressParseError;

    /// Reads an address as it prints, or a port alone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || UiAddressParseError(text.to_owned());
        let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let port = |text: &str| match is_port(text) {
            true => text.parse().map_err(|_| refused()),
            false => Err(refused()),
        };
        let Some((host, port_text)) = text.rsplit_once(':') else {
            return Ok(UiAddress::local(port(text)?));
        };
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // Without brackets nobody could tell where an IPv6 address ends.
        let is_plain = !host.contains(['[', ']', ':', '/']) && !host.contains(char::is_whitespace);
        match inner {
            Some(host) if host.parse::<std::net::Ipv6Addr>().is_ok() => {
                Ok(UiAddress { host: host.to_owned(), port: port(port_text)? })
            }
            None if !host.is_empty() && is_plain => {
                Ok(UiAddress { host: host.to_owned(), port: port(port_text)? })
            }
            _ => Err(refused()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_means_this_machine_and_another_host_must_be_told() {
        for (text, host, port) in [
            ("7000", "127.0.0.1", 7000),
            ("0", "127.0.0.1", 0),
            ("localhost:80", "localhost", 80),
            ("0.0.0.0:65535", "0.0.0.0", 65535),
            ("[::1]:7000", "::1", 7000),
            ("a-host.example:1", "a-host.example", 1),
        ] {
            let address: UiAddress = text.parse().unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port), "{text}");
            assert_eq!(address.to_string().parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_may_stand_there() {
        for text in [
            "",
            ":",
            ":80",
            "host",
            "host:",
            "host:x",
            "host:65536",
            "65536",
            "-1",
            "+1",
            "1.5",
            "::1:80",
            "[::1]",
            "[]:80",
            "[host]:80",
            "http://host:80",
            "a b:80",
            "host:+8",
        ] {
            let error = text.parse::<UiAddress>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{text}`")) && error.contains("such as 7000"),
                "{error}"
            );
        }
    }
}

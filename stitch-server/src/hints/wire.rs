//! As much of Redis' protocol (RESP2) as hints need: commands are lists of texts, and replies are read.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadHalf, WriteHalf, split,
};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::address::Reach;
use crate::tls;

/// Bytes of a text, and texts of a list: far more than any hint has.
const LONGEST: usize = 64 << 10;
const MOST: usize = 16;

/// A connection of any kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Reads replies.
pub(super) struct Hear(BufReader<ReadHalf<Box<dyn Stream>>>);

/// Writes commands.
pub(super) struct Say(WriteHalf<Box<dyn Stream>>);

/// What Redis says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A text or a number.
    Text(String),
    /// Several of them.
    List(Vec<String>),
}

/// Connects and logs in.
pub(super) async fn connect(reach: &Reach, within: Duration) -> io::Result<(Hear, Say)> {
    let connecting = async {
        let tcp = TcpStream::connect((&*reach.host, reach.port)).await?;
        tcp.set_nodelay(true)?;
        let stream: Box<dyn Stream> = if reach.encrypted {
            let config = tls::client(None).map_err(io::Error::other)?;
            let name = ServerName::try_from(reach.host.clone()).map_err(io::Error::other)?;
            Box::new(tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await?)
        } else {
            Box::new(tcp)
        };
        let (reads, writes) = split(stream);
        let (mut hear, mut say) = (Hear(BufReader::new(reads)), Say(writes));
        if let Some((name, password)) = &reach.login {
            let words: Vec<_> = ["AUTH"].into_iter().chain(name.as_deref()).chain([&**password]).collect();
            say.command(&words).await?;
            hear.reply().await?;
        }
        Ok((hear, say))
    };
    timeout(within, connecting).await.unwrap_or_else(|_| Err(late()))
}

/// Nothing came in time.
pub(super) fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it does not answer")
}

impl Say {
    pub(super) async fn command(&mut self, words: &[&str]) -> io::Result<()> {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            let _ = write!(text, "${}\r\n{word}\r\n", word.len());
        }
        self.0.write_all(text.as_bytes()).await
    }
}

impl Hear {
    /// The next reply. An error is one of Redis' own, too.
    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        let (kind, rest) = self.line().await?;
        match kind {
            b'*' => {
                let count = rest.parse().ok().filter(|count| *count <= MOST).ok_or_else(garbled)?;
                let mut list = Vec::with_capacity(count);
                for _ in 0..count {
                    let (kind, rest) = self.line().await?;
                    list.push(self.text(kind, rest).await?);
                }
                Ok(Reply::List(list))
            }
            kind => self.text(kind, rest).await.map(Reply::Text),
        }
    }

    async fn text(&mut self, kind: u8, rest: String) -> io::Result<String> {
        match kind {
            b'+' | b':' => Ok(rest),
            b'-' => Err(io::Error::other(rest)),
            // None is as good as an empty one.
            b'$' if rest == "-1" => Ok(String::new()),
            b'$' => {
                let length = rest.parse().ok().filter(|length| *length <= LONGEST).ok_or_else(garbled)?;
                let mut bytes = vec![0; length + 2];
                self.0.read_exact(&mut bytes).await?;
                bytes.truncate(length);
                String::from_utf8(bytes).map_err(|_| garbled())
            }
            _ => Err(garbled()),
        }
    }

    /// A line by its first byte and the rest.
    async fn line(&mut self) -> io::Result<(u8, String)> {
        let mut line = String::new();
        if (&mut self.0).take(LONGEST as u64).read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.strip_suffix("\r\n").ok_or_else(garbled)?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(garbled)?;
        Ok((kind.as_bytes().first().copied().unwrap_or_default(), rest.to_owned()))
    }
}

fn garbled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what it says is not Redis' protocol")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Vec<Result<Reply, String>> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(bytes).await.unwrap();
        drop(theirs);
        let stream: Box<dyn Stream> = Box::new(ours);
        let mut hear = Hear(BufReader::new(split(stream).0));
        let mut replies = Vec::new();
        loop {
            match hear.reply().await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return replies,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    replies.push(Err("garbled".to_owned()));
                    return replies;
                }
                reply => replies.push(reply.map_err(|error| error.to_string())),
            }
        }
    }

    #[tokio::test]
    async fn replies_are_read_and_what_is_none_is_an_error() {
        let text = |text: &str| Ok(Reply::Text(text.to_owned()));
        let list = |texts: &[&str]| Ok(Reply::List(texts.iter().map(|text| (*text).to_owned()).collect()));
        let replies =
            read(b"+OK\r\n:2\r\n$3\r\na\r\n\r\n$-1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n-ERR no\r\n").await;
        let expected =
            [text("OK"), text("2"), text("a\r\n"), text(""), list(&["subscribe", "c", "1"]), Err("ERR no".to_owned())];
        assert_eq!(replies, expected);
        for garbled in ["HTTP/1.1 400\r\n", "*99\r\n", "$99999999\r\n", "$x\r\n", "+OK\n", "*1\r\n*1\r\n", "\r\n"] {
            assert_eq!(read(garbled.as_bytes()).await, [Err("garbled".to_owned())], "{garbled:?}");
        }
        assert_eq!(read(b"$5\r\nab").await, [], "cut off");
    }
}

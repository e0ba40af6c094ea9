//! HTTP/2 by hand, as no client would send it.

/// What every connection begins with, and our settings: none.
pub(crate) fn hello() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, b"")].concat()
}

/// A frame of that kind.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The frames that these bytes are: of each its kind, its flags, its stream and how long its payload is.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<(u8, u8, u32, usize)> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, flags, d, e, f, g, rest @ ..] = bytes {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        frames.push((*kind, *flags, u32::from_be_bytes([*d, *e, *f, *g]), length));
        bytes = rest.get(length..).unwrap_or_default();
    }
    frames
}

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
/// The largest payload that a server must take.
pub(crate) const PAYLOAD: usize = 16 << 10;

/// A header, spelled out.
pub(crate) fn header(name: &str, value: &[u8]) -> Vec<u8> {
    [vec![0], text(name.as_bytes()), text(value)].concat()
}

fn text(bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    if length < 127 {
        return [&[u8::try_from(length).unwrap()], bytes].concat();
    }
    let mut coded = vec![127];
    length -= 127;
    while length >= 128 {
        coded.push(u8::try_from(length % 128).unwrap() | 128);
        length /= 128;
    }
    coded.push(u8::try_from(length).unwrap());
    [&coded, bytes].concat()
}

/// The headers that every request has.
pub(crate) fn request(path: &str) -> Vec<u8> {
    let headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")];
    headers.into_iter().flat_map(|(name, value)| header(name, value.as_bytes())).collect()
}

/// A block of headers, in as many frames as it takes; the last one says that it is.
pub(crate) fn block(stream: u32, headers: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = headers.chunks(PAYLOAD).collect();
    let last = parts.len() - 1;
    let flags = |index: usize| if index == last { END_HEADERS } else { 0 };
    let kind = |index: usize| if index == 0 { HEADERS } else { CONTINUATION };
    let frames = parts.iter().enumerate().map(|(index, part)| frame(kind(index), flags(index), stream, part));
    frames.collect::<Vec<_>>().concat()
}

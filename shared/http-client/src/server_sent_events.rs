//! [Server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html) as they come.

/// Reads the data of events from bytes with arbitrary boundaries. Names, IDs and comments are skipped.
#[derive(Debug, Default)]
pub struct ServerSentEvents {
    /// The bytes of an incomplete line.
    line: Vec<u8>,
    /// The data of an incomplete event.
    data: Option<String>,
}

impl ServerSentEvents {
    /// Takes more bytes, and calls `happened` with the data of each completed event.
    pub fn hear(&mut self, bytes: &[u8], mut happened: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line);
                if let Some(data) = self.hear_line(line.trim_end_matches(['\r', '\n'])) {
                    happened(&data);
                }
            }
        }
    }

    fn hear_line(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return self.data.take();
        }
        let more = line.strip_prefix("data:")?;
        let more = more.strip_prefix(' ').unwrap_or(more);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(more);
            }
            None => self.data = Some(more.to_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_they_are_cut() {
        let text = ": hello\r\nevent: a\r\ndata: {\"x\":\r\ndata: \"\u{fc}\"}\r\n\r\nid: 7\n\ndata:[DONE]\n\ndata: lost";
        for size in [1, 2, 3, 7, text.len()] {
            let (mut events, mut heard) = (ServerSentEvents::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                events.hear(piece, |data| heard.push(data.to_owned()));
            }
            assert_eq!(heard, ["{\"x\":\n\"\u{fc}\"}", "[DONE]"], "{size}");
        }
    }
}

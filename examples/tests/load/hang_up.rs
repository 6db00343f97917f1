//! Clients that do not wait for the answer.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tenant_examples::client::Client;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::{
    asking::Ask,
    books::{Books, Fate},
};

/// A request that is left at some point: within its text, at its end, or within the time that an answer
/// takes.
pub(crate) async fn hang_up(
    books: &Arc<Books>,
    client: &Client,
    tenant: usize,
    ask: &Ask,
    takes: Duration,
    rng: &mut fastrand::Rng,
) {
    let (method, path, body) = ask.request();
    match rng.u8(0..4) {
        0 => {
            let (head, body) = text(client, method.as_str(), &path, body.as_ref());
            let whole = head + &body;
            // A write must lose a part of its body, so that it cannot be understood.
            let all = whole.len();
            raw(client, &whole.as_bytes()[..all - rng.usize(1..all)]).await;
            if let Ask::Write(number, _) | Ask::ForeignCustomer(number, _) = ask {
                books.became(*number, Fate::Cut);
            }
        }
        1 => {
            let (head, body) = text(client, method.as_str(), &path, body.as_ref());
            raw(client, (head + &body).as_bytes()).await;
        }
        _ => {
            let moment = takes.mul_f64(rng.f64());
            let mark = books.mark(tenant);
            match timeout(moment, client.send(method, &path, body)).await {
                Ok(Ok(answer)) => return ask.judge(books, tenant, mark, answer),
                Ok(Err(why)) => return books.wrong(format!("no answer: {why}")),
                Err(_) => {}
            }
        }
    }
    books.answer("hung up");
}

fn text(client: &Client, method: &str, path: &str, body: Option<&Value>) -> (String, String) {
    let body = body.map(ToString::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: load\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        client.token(),
        body.len()
    );
    (head, body)
}

async fn raw(client: &Client, text: &[u8]) {
    let address = client.at().trim_start_matches("http://");
    // Whether the service takes it is its affair.
    if let Ok(mut socket) = TcpStream::connect(address).await {
        let _ = socket.write_all(text).await;
    }
}

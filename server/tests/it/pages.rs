//! Pages, many at once.

use crate::support::App;
use reqwest::Method;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A page is made on one thread and let go on another: nothing in it may mind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_page_breaks_down_when_many_are_asked_for() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        usual(info);
    }));
    let app = App::start().await;
    let ada = app.person("Ada").await;
    ada.project("Busy").await;
    let (lab, projects) = (format!("/{}/lab", ada.org), format!("/{}/projects", ada.org));
    let (nobody, ada) = (app.nobody(), ada.client.clone());
    for round in 0..6 {
        let asked = (0..32).map(|number| {
            let (client, path) = match (number + round) % 4 {
                0 => (&ada, lab.as_str()),
                1 => (&ada, projects.as_str()),
                2 => (&nobody, "/signup"),
                _ => (&nobody, "/login"),
            };
            let request = client.request(Method::GET, path);
            tokio::spawn(async move {
                let page = request.send().await.unwrap();
                assert_eq!(page.status(), 200);
                page.text().await.unwrap();
            })
        });
        for done in futures::future::join_all(asked).await {
            done.unwrap();
        }
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}

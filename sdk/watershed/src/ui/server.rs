//! The thread that shows the page: it takes connections until the run ends.

use std::{io, net::TcpListener as StdListener, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

/// How many connections there may be at once; more wait. The job needs files and sockets too.
const CONNECTIONS: u32 = 64;

/// How long one who connects may take to say what he wants.
const TO_ASK: Duration = Duration::from_secs(10);

/// After this a connection is closed as soon as what it asked is answered, and its place is free for others.
const CONNECTED: Duration = Duration::from_secs(60);

/// How long an answer may take to be taken, after a connection's time is over.
const TO_TAKE: Duration = Duration::from_secs(5);

/// How long the end of the run waits for answers that are on their way.
pub(super) const LAST_ANSWERS: Duration = Duration::from_millis(150);

/// Takes connections until `ended` says so or is gone.
pub(super) fn serve(
    listener: StdListener,
    router: Router,
    mut ended: watch::Receiver<()>,
) -> io::Result<()> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
        let until = ended.clone();
        tokio::select! {
            () = accept(&listener, &router, &places, &until) => {}
            // Nothing is ever sent: the sender is dropped.
            _ = ended.changed() => {}
        }
        drop(listener);
        let _ = timeout(LAST_ANSWERS, places.acquire_many(CONNECTIONS)).await;
        io::Result::Ok(())
    })?;
    // Whoever still reads is not waited for.
    runtime.shutdown_background();
    Ok(())
}

/// One thread serves, one or two more wait for the workers' answers and write JSON.
fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(2)
        .thread_name("watershed-page")
        .build()
}

async fn accept(
    listener: &TcpListener,
    router: &Router,
    places: &Arc<Semaphore>,
    ended: &watch::Receiver<()>,
) {
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (router, ended) = (router.clone(), ended.clone());
                tokio::spawn(async move {
                    answer(stream, router, ended).await;
                    drop(place);
                });
            }
            // Too many open files, mostly: some will be closed.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Answers on one connection. That it may break, or speak something else, concerns nobody.
async fn answer(stream: TcpStream, router: Router, mut ended: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(TO_ASK)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
    );
    tokio::select! {
        _ = &mut connection => return,
        () = sleep(CONNECTED) => {}
        _ = ended.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(TO_TAKE, connection).await;
}

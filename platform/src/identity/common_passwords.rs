//! Passwords that attackers try first.
//!
//! Lists of leaked passwords hold few of twelve characters or more, and nearly all of those are put
//! together from the same parts: popular words, rows of the keyboard, counting, dates, one thing said twice.
//! So a password is common when next to nothing is left of it without such parts.

use std::{collections::HashSet, sync::LazyLock};

static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_words.txt").split_whitespace().collect());

/// Rows and columns of keyboards, the alphabet and the digits; read in both directions.
const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "`1234567890-=",
    "~!@#$%^&*()_+",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "qawsedrftgyhujikolp",
    "йцукенгшщзхъфывапролджэячсмитьбю",
];

/// What may be left over: less than a short word.
const LITTLE: usize = 4;
/// Rows and words are no longer; longer repetitions are several parts.
const LONGEST_PART: usize = 32;

/// Whether the password can be guessed from common parts, the address or the name.
pub(super) fn is_common(password: &str, email: &str, name: &str) -> bool {
    let plain: Vec<char> = password.to_lowercase().chars().collect();
    let own: Vec<String> = own_words(email, name);
    let unmasked: Vec<char> = plain.iter().copied().map(unmask).collect();
    is_repetition(&plain)
        || plain.iter().collect::<HashSet<_>>().len() < 5
        || left_over(&plain, &own) <= LITTLE
        || left_over(&unmasked, &own) <= LITTLE
}

/// Parts of the address and the name that are long enough to be recognised.
fn own_words(email: &str, name: &str) -> Vec<String> {
    format!("{email} {}", name.to_lowercase())
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 3)
        .map(str::to_owned)
        .collect()
}

/// The letter that a look-alike stands for.
const fn unmask(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// One thing said again and again.
fn is_repetition(text: &[char]) -> bool {
    (1..=text.len() / 2).any(|unit| text.iter().enumerate().all(|(at, c)| *c == text[at % unit]))
}

/// How many characters no common part covers: the smallest number over all ways to cut the text into parts.
fn left_over(text: &[char], own: &[String]) -> usize {
    // best[i]: what is left over of the first i characters.
    let mut best = vec![0; text.len() + 1];
    for end in 1..=text.len() {
        best[end] = best[end - 1] + 1;
        for start in end.saturating_sub(LONGEST_PART)..end {
            if best[start] < best[end] && is_part(&text[start..end], own) {
                best[end] = best[start];
            }
        }
    }
    best[text.len()]
}

fn is_part(part: &[char], own: &[String]) -> bool {
    if part.len() < 3 {
        // One or two digits or signs: what people add at an end.
        return part.iter().all(|c| !c.is_alphabetic()) && part.len() == 2;
    }
    part.windows(2).all(|pair| pair[0] == pair[1]) || is_date(part) || is_row(part) || {
        let word: String = part.iter().collect();
        WORDS.contains(word.as_str()) || own.contains(&word)
    }
}

/// Four to eight digits that hold a year: 1987, 2024, 24121987.
fn is_date(part: &[char]) -> bool {
    let digits: String = part.iter().filter(|c| c.is_ascii_digit()).collect();
    let century = |year: &str| year.starts_with("19") || year.starts_with("20");
    digits.len() == part.len()
        && matches!(digits.len(), 4 | 6 | 8)
        && (century(&digits) || century(&digits[digits.len() - 4..]))
}

fn is_row(part: &[char]) -> bool {
    let forward: String = part.iter().collect();
    let backward: String = part.iter().rev().collect();
    ROWS.iter().any(|row| row.contains(&forward) || row.contains(&backward))
}

#[cfg(test)]
mod tests {
    use super::{WORDS, is_common};

    #[test]
    fn guessable_ones_are_found() {
        for common in [
            "password1234",
            "Password123!",
            "P@ssw0rd2024",
            "passwordpassword",
            "qwertyuiop12",
            "qwertyuiop[]",
            "123456789012",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "iloveyou1234",
            "welcome12345",
            "letmein123456",
            "administrator",
            "Summer2024!!!",
            "changeme1234",
            "alumia123456",
            "ada.lovelace1",
            "Lovelace-1815",
            "adalovelace!!",
            "zxcvbnm12345",
            "football2023",
            "111111222222",
            "123456654321",
            "superman1987",
            "987654321000",
            "qazwsxedcrfv",
            "trustno1trustno1",
        ] {
            assert!(is_common(common, "ada.lovelace@example.com", "Ada Lovelace"), "{common}");
        }
    }

    #[test]
    fn good_ones_pass() {
        for good in [
            "gravel-otter-plinth-mural",
            "correct horse battery staple",
            "tX9#kq2Lw8!z",
            "Ur5chleim§Kobold",
            "vellum sprocket dune",
            "hK3mQ8vT2nRz",
            "mein kater frisst tapeten",
        ] {
            assert!(!is_common(good, "ada.lovelace@example.com", "Ada Lovelace"), "{good}");
        }
    }

    #[test]
    fn a_hostile_length_costs_little() {
        let long: String = ('a'..='z').cycle().step_by(7).take(1_024).collect();
        let begun = std::time::Instant::now();
        is_common(&long, "x@example.com", "X");
        assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    }

    #[test]
    fn the_list_is_lower_case_words() {
        assert!(WORDS.len() > 300);
        assert!(WORDS.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase())));
    }
}

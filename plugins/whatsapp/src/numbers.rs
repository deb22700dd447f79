//! Telephone numbers that WhatsApp writes in two ways.
//!
//! Three countries have put a digit into their mobile numbers or taken one out, and WhatsApp names one person
//! by either form: what a number's owner has registered, and what others type. Meta says so of Brazil and
//! Mexico in "Phone numbers" of the Cloud API ("the extra added prefix of the phone number may be modified
//! by the Cloud API"); Argentina's is written with a 9 from abroad.

/// The form in which a number is compared, and the other form, if its country has two.
struct Forms {
    compared: String,
    other: String,
}

/// Brazil's ninth digit: `55`, two digits of the area, `9` before the eight that were there before. Only mobile
/// numbers have it; land lines begin with 2 to 5.
fn brazil(national: &str) -> Option<(String, bool)> {
    let (area, subscriber) = national.split_at_checked(2)?;
    match (subscriber.len(), subscriber.as_bytes().first()?) {
        (9, b'9') => Some((format!("{area}{}", subscriber.get(1..)?), true)),
        (8, b'2'..=b'5') => None,
        (8, _) => Some((format!("{area}9{subscriber}"), false)),
        _ => None,
    }
}

/// A digit that stands before the ten of a mobile number, or does not.
fn prefixed(national: &str, prefix: &str) -> Option<(String, bool)> {
    match (national.len(), national.strip_prefix(prefix)) {
        (11, Some(bare)) => Some((bare.to_owned(), true)),
        (10, _) => Some((format!("{prefix}{national}"), false)),
        _ => None,
    }
}

fn forms(number: &str) -> Option<Forms> {
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (country, national) = number.split_at_checked(2)?;
    let (other, is_long) = match country {
        "55" => brazil(national),
        "54" => prefixed(national, "9"),
        "52" => prefixed(national, "1"),
        _ => None,
    }?;
    let other = format!("{country}{other}");
    let compared = if is_long { number } else { &other };
    Some(Forms {
        compared: compared.to_owned(),
        other,
    })
}

/// The other way in which the same number is written, if there is one.
pub fn other_form(number: &str) -> Option<String> {
    forms(number).map(|forms| forms.other)
}

/// The form that is the same for both ways of writing.
pub fn compared(number: &str) -> String {
    forms(number).map_or_else(|| number.to_owned(), |forms| forms.compared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_number_are_one() {
        for (long, short) in [
            ("5588912345678", "558812345678"),
            ("5511987654321", "551187654321"),
            ("5491123456789", "541123456789"),
            ("5215512345678", "525512345678"),
        ] {
            assert_eq!(other_form(long).as_deref(), Some(short));
            assert_eq!(other_form(short).as_deref(), Some(long));
            assert_eq!(compared(short), compared(long));
        }
    }

    #[test]
    fn other_numbers_have_one_form() {
        // A land line in Brazil, other countries, what is no number.
        for one in [
            "551133334444",
            "4915700000021",
            "16505550101",
            "55",
            "",
            "US.1349",
            "5+1é",
            "54911234567",
        ] {
            assert_eq!(other_form(one), None, "{one}");
            assert_eq!(compared(one), one);
        }
    }
}

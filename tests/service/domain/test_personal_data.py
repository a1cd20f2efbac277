"""Personal data: what is found however it is written, what looks like it and is not, and how long that takes.

Proves `service/domain/telephones.py`, `service/domain/mailboxes.py`, `service/domain/bank_accounts.py` and
`service/domain/street_addresses.py` too. The numbers are invented, or those of examples.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.personal_data import ADDRESS, EMAIL, IBAN, IN_WORDS, KINDS, PHONE, personal_data
from tests.growth import LINEAR, growth

PHONES = (
    "Call Jane on 555-0147", "his phone's 555-0147", "contact: 2125550147", "ph: 555 0147 0199",
    "8 (495) 123-45-67", "zero seven seven double zero nine zero zero one two three",
    "call +91 98765 43210", "+81-3-1234-5678", "fon 0171 2345678", "mobile no. 9876543210",
    "(06 12 34 56 78)", "((212) 555-0147)",
    "+44 20 7946 0958", "Ring +44 (0)20 7946 0958 tonight", "(212) 555-0147", "212-555-0147",
    "212.555.0147", "1-212-555-0147", "0171/2345678", "0171-2345678", "06 12 34 56 78",
    "06.12.34.56.78", "06-12-34-56-78", "0612345678", "call me on 555 0147 0199", "Call 555-0147",
    "his number is 07700 900123", "07700900123", "0049 171 2345678", "+491712345678",
    "tel:+33612345678", "Tel.: 030 1234567", "089 / 123 45 67", "(030) 123 45 67", "01234 567890",
    "0161 496 0000", "my phone number: 5125550148", "her cell is 512 555 0148", "(11) 91234-5678",
    "010-1234-5678", "0 1 7 1 2 3 4 5 6 7 8",
    "call me on oh seven seven zero zero nine zero zero one two three", "٠١٧١ ٢٣٤٥٦٧٨",
    "\uff0b\uff14\uff14 \uff12\uff10 \uff17\uff19\uff14\uff16 \uff10\uff19\uff15\uff18",
    "0171\u200b/\u200b2345678",
    "0\ufe0f\u20e37\ufe0f\u20e37\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e39\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e3",
    "https://wa.me/447911123456", "Seine Handynummer ist 0171 2345678",
    "appelez-moi au 06 12 34 56 78", "Llámame al 612 345 678", "text him on 07700-900-123",
    "whatsapp +55 11 91234-5678", "ruf mich an: 0171 23 45 67 8", "00 44 20 7946 0958",
    "0171\t2345678", "(+44) 20 7946 0958", "+1 (212) 555-0147", "sein telefon: 2347658",
    "020 7946 0958, ask for Jim", "phone=020 7946 0958", "Mobile - 07700 900 123", "☎ 020 7946 0958",
    "(0)171 2345678", "0171 / 234 56 78",
    "null eins sieben eins zwei drei vier fünf sechs sieben acht", "+353 1 234 5678",
)  # fmt: skip
MAILBOXES = (
    "name {dot} surname {at} example {dot} com", "name(@)example.com", "name@example.museum",
    "name at example dot com", "name [at] example.com", "jane.doe@example.org",
    "jane(at)example(dot)org", "jane {at} example [dot] org", "JANE.DOE AT GMAIL DOT COM",
    "jane at gmail.com", "jane.doe @ gmail.com", "jane \uff20 example . com",
    "jane\uff20example\uff0ecom", "max ät gmx punkt de", "jean arobase laposte point net",
    "juan arroba ejemplo punto es", "mailto:jane@example.org", "<jane@example.org>",
    "email me: jane at example.com", "j+news@sub.example.co.uk", "o'brien@example.ie",
    "müller@bücher.de", "letters@newsroom.example", "jane@example.org.", "jane\u200b@example.org",
    "reach her at jane_doe at example.com", "jane<at>example<dot>org",
    "https://x.example/?to=jane@example.org", "(jane@example.com)", "jane [@] example [.] com",
    "schreib an max(ät)gmx.de", "jane@xn--bcher-kva.example", "Email:jane@example.org",
    "my mail is jane123 at yahoo dot co dot uk",
)  # fmt: skip
ACCOUNTS = (
    "DE89 3704 0044 0532 0130 00", "de89370400440532013000", "GB82 WEST 1234 5698 7654 32",
    "FR14 2004 1010 0505 0001 3M02 606", "IBAN: NL91ABNA0417164300.",
    "send it to GB82-WEST-1234-5698-7654-32 please", "\uff24\uff25\uff18\uff19 3704 0044 0532 0130 00",
    "IBANDE89370400440532013000", "BE68 5390 0754 7034", "NO93 8601 1117 947",
)  # fmt: skip
HOMES = (
    "12 Elm Street is where he lives", "Sie wohnt Am Markt 5", "rendez-lui visite au 12, avenue Foch",
    "12 Elm Street, go say hello to her", "Somebody ought to visit 12 Elm Street tonight",
    "You know what to do: 12 Elm Street", "go to 12 Elm Street and tell her", "his adress: 12 Elm Street",
    "Let's all drop in on her at 12 Elm Street",
    "she lives at 12 Elm Street, go pay her a visit",
    "12 Elm Street. Somebody should pay him a visit.", "His address is 12 Elm Street",
    "Go to his house: 12B Elm Rd", "She lives at Elm Street 12", "Er wohnt in der Hauptstraße 12",
    "Er wohnt in der Hauptstr. 12a", "wohnt Berliner Straße 5, schaut mal vorbei",
    "Elle habite 12 rue de Rivoli", "son adresse : 12 bis, rue Victor Hugo", "Vive en Calle Mayor 12",
    "Abita in via Roma 12", "woont in de Kerkstraat 12", "They live at 350 5th Avenue",
    "knock on her door, 7 Old Mill Lane", "find him at 12-14 North High St",
    "her home address: 1234 W Oak Blvd", "Let's meet outside 12 Elm Street tonight, her house",
    "she lives at flat 3, 12 Elm Street",
    "Jane Doe, 12 Elm Street, SW1A 2AB - you know where to find her",
    "He lives at Rose Cottage, OX1 2JD", "Besucht ihn: Lindenweg 3", "Seine Adresse: Kaiserstr. 100",
    "Show up at 12 elm street tonight", "Mora na Rua Augusta 1500",
    "12 elm\nstreet is where she lives. go get her", "go and visit him at 99 King's Road",
    "she is staying at 4 Park Place", "burn his house down, 4 Park Lane", "doxxed: 4 Park Lane",
    "Sie wohnt Lindenallee 4", "Stattet ihr einen Besuch ab: Gartenstraße 7",
    "Geht mal zu ihm: Marktplatz 3", "I live at 12 Elm Street", "Jane's address is 12 Elm Street",
    "Go to Jane's place, 12 Elm Street",
)  # fmt: skip
INNOCENT = (
    "@ph1664068 hello", "thanks @call5550147",
    "ratio 212/555/0147", "lives in a 3 bedroom place", "2 door drive, his house", "C-131/12",
    "BGBl. I 2017 S. 3202", "Az. 4 StR 399/17", "51°30'26.5\"N", "ISBN: 0 306 40615 2", "ISSN 0317-8471",
    "192.168.0.1:8080", "00:1B:44:11:3A:B7", "Er wohnt seit 12 Jahren auf der Straße",
    "call 3 100 000 people", "123-45-6789", "he works at amazon dot com", "4-4-2 4-3-3 3-5-2",
    "on page 12 he lives on, by the way 34 more", "go to his house at 5 pm",
    "Call me crazy, but 2020-2021 was bad",
    "1914-1918", "from 1914 to 1918, 1939-1945", "between 1914-18 and 1939-45", "on 12.03.2021",
    "2021-03-12T10:15:00", "12/03/2021 - 14/03/2021", "at 10:30-11:45", "08.30-09.45",
    "0830 0945 1015", "won 3-2", "6-4 3-6 7-5", "1-0 0-1 1/2-1/2", "$1,000,000", "1 000 000 000",
    "€ 12.500.000", "3,141,592,653", "1000000000", "7000000000 people", "ISBN 978-3-16-148410-0",
    "ISBN 0-306-40615-2", "ISBN 0306406152", "isbn-10: 0306406152", "doi 10.1000/182",
    "doi:10.1038/s41586-020-2649-2", "v1.2.3.4", "Python 3.12.10", "192.168.100.200",
    "010.020.030.040", "§ 312 BGB", "Art. 5 Abs. 1", "§§ 123456789", "10^9", "6.022e23",
    "299792458 m/s", "51.507400, -0.127800", "51.5074 -0.1278", "52.520008 13.404954", "call 911",
    "dial 112", "ring 988", "116 117", "call 116 117", "call 0800 1110", "0800 111 0 111",
    "1-800-273-8255", "call 1-800-273-8255", "+1 800 273 8255", "+44 800 1111 111", "text 741741",
    "13 11 14", "the pub at 10 Downing Street is", "10 Downing Street",
    "The pub at 12 Elm Street is great", "12 Elm Street was sold for $1,000,000", "@jane thanks",
    "@jane@social.example hi", "thanks jane_doe99", "user1234567890", "#0171234", "#123456", "#ff00aa",
    "e4 e5 2. Nf3 Nc6 3. Bb5", "1. e4 e5 2. Nf3", "2+2=4", "212-555-0147 = -490", "0171 - 2345678 = x",
    "12345678 * 2", "look at example.com", "I saw it at bbc.com", "available at amazon.com",
    "read more at nytimes.com", "works at google.com", "the dot com bubble at its peak",
    "at some point in time", "not at all. It is", "at all.It is", "meet at noon", "icon@2x.png",
    "vue@3.2.1", "git@github.com:org/repo.git", "https://medium.com/@jane",
    "https://news.example/2021/03/12/0171234567", "https://x.example/?id=01712345678",
    "order 0123456789", "order number 01712345678", "Bestellnummer: 01712345678", "0123456789",
    "1234567890", "one two three four five six seven eight nine ten",
    "zero one two three four five six seven eight nine", "01 02 03 04 05", "seasons 03 04 05 06 07",
    "0 1 0 0 2 0 0 0 1", "0 1 2 3 4 5 6 7 8 9", "01001000 01100101", "0100 1000 0110",
    "0000 0000 0000", "Messi scored 91 goals in 69 games in 2012", "averaging 27.2 5.1 4.7",
    "batted .300 200 times", "goals 2010-2011-2012", "apj 452 680 1995", "100 200 3000",
    "200 300 4000", "12 people on the street", "5 minutes down the road from his house",
    "she lives on 5th Avenue", "He lives in London", "they live 20 miles down the road",
    "he lives in 40 000 square feet", "Tabellenplatz 12, er wohnt in Hamburg",
    "auf Platz 12. Er wohnt in Berlin", "during 1976 she lived in Paris",
    "Mozart lived at Getreidegasse 9", "The museum at 12 King Street is worth a visit",
    "Sherlock lives at 221B Baker Street", "1600 Pennsylvania Avenue is where he lives",
    "DE12 3456 7890 1234 5678 90", "DE89 3704 0044 0532 0130 01", "GB82", "the A12 and M25 1st exit",
    "flight BA2490", "Loto: 03 12 25 33 41", "lottery numbers 05 11 23 36 48", "1e10", "WW1 1914–1918",
    "Chapter 12, verses 34-56", "John 3:16-17, Luke 12:34", "Article 19(1)(a)", "COVID-19 2019-2020",
    "Boeing 737-800-900", "windows 10.0.19041.1234", "RFC 9457", "0.1234567890", "3.14159265358979",
    "4:3 16:9 21:9", "1080x1920", "0xDEADBEEF", "1/2 3/4 5/8", "60-40 55-45", "0-0 1-1 2-2 3-3",
    "call of duty 2 1999-2001", "call it 1000000", "the number is 1,234,567", "his number is up",
    "population: 331 449 281", "temperature 20-25 30-35", "page 123-456", "pp. 507 508 1958",
    "2020/21 2021/22", "07/04/2020", "1999 2000 2001", "1,2,3,4,5,6,7,8,9", "+1000000000", "+1",
    "+1 1 1 1 1 1", "votes: 81283501 vs 74223975", "81,283,501-74,223,975", "+250 000 000 euros",
    "it cost me 0.02", "12:34:56.789", "20:00-22:00", "Room 101, floor 3", "Route 66",
    "Highway 61 Revisited", "the 5th Avenue store", "21 Jump Street was a film",
    "Nightmare on Elm Street 3", "Friday at 8 dot", "he lives on the street for 20 years",
    "Jane @ work", "dinner @ 8", "10 @ 5 each", "a@b", "foo@bar", "", "@", "....", "£3.50@shop",
    "The museum's address is 12 King Street", "The address of the town hall is 5 High Street",
    "their home ground is at 12 Stadium Road", "his place in history, said 12 King Street",
)  # fmt: skip
# Each is repeated to the longest comment that is taken.
HOSTILE = (
    "1 ", "a@", "a.", "a at ", "a [at] a.", "12 elm ", "12 elm street ", "she lives at ",
    "she lives at 12 ", "one ", "a", "a-", "de89", "de89 3704 0044 0532 0130 0 ",
    "be68 5390 0754 7034 ", "call me on ", "+", "(", "call me on 5550147 0 ", "pay him him ",
    "statte den den den ", "rue a a a ", "via ", "1 a a a ", " ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaastrasse ", "a dot ", "a at a dot a dot a dot ", "\ufdfa",
    "+49 171 2345678 = ", "burn a a ", "address ", "0 1 2 3 4 5 6 7 8 9 ", "at ",
    "a at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", "she lives in ", "https://",
    "www.", "st ", "road nr ", "sw1a 2ab ", "wa.me/1", "%a@", "\u200b", "mail ",
)  # fmt: skip
# These are long by themselves.
LONG = (
    "x@" + "a-" * 10_000, "x@" + "a." * 10_000, "12 " + "a.b " * 5_000, "call" + " " * 20_000, "%" * 20_000,
    "a" + "\u0301" * 20_000, "a" * 20_000 + "strasse 12", "1" * 20_000, "she lives at " + "12 " * 6_000,
)  # fmt: skip
PIECES = st.sampled_from(
    ["+", "(", ")", "0", "49", "171", "555", " ", "-", ".", "/", "@", "a", "at", "dot", "com", "de89", "elm",
     "street", "lives at", "call", "[at]", "\u0661", "\u200b", "ß", "𝟘", "\ufdfa", "\ud800", "\n", "\x00"]
)  # fmt: skip
LONGEST = 20_480  # characters of a comment


@pytest.mark.parametrize("text", PHONES)
def test_a_telephone_number_is_found_however_it_is_written(text: str) -> None:
    assert personal_data(text) == (PHONE,)


@pytest.mark.parametrize("text", MAILBOXES)
def test_an_e_mail_address_is_found_however_it_is_disguised(text: str) -> None:
    assert personal_data(text) == (EMAIL,)


@pytest.mark.parametrize("text", ACCOUNTS)
def test_a_bank_account_is_found_with_or_without_spaces(text: str) -> None:
    assert personal_data(text) == (IBAN,)


@pytest.mark.parametrize("text", HOMES)
def test_a_street_address_is_found_where_somebody_lives_or_is_to_be_visited(text: str) -> None:
    assert personal_data(text) == (ADDRESS,)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_it_is_not_taken(text: str) -> None:
    assert personal_data(text) == ()


def test_a_house_far_from_the_words_about_who_lives_where_is_no_home() -> None:
    said = "She lives at home. " + "And then we spoke of the weather. " * 12

    assert personal_data(said + "The pub at 12 Elm Street is shut.") == ()
    assert personal_data("She lives at 12 Elm Street. " + said) == (ADDRESS,)


def test_all_kinds_are_found_in_one_text_and_named_in_words() -> None:
    text = "He lives at 12 Elm Street, 0171/2345678, jane@example.org, DE89 3704 0044 0532 0130 00"

    assert personal_data(text) == KINDS
    assert set(IN_WORDS) == set(KINDS)


@pytest.mark.parametrize("text", HOSTILE + LONG, ids=lambda text: ascii(text[:12]))
def test_no_text_takes_long(text: str) -> None:
    small, large = ((text * size)[:size] for size in (LONGEST, 4 * LONGEST))

    assert growth(personal_data, small, large) < LINEAR


@given(st.text() | st.lists(PIECES).map("".join))
def test_any_text_has_an_answer(text: str) -> None:
    found = personal_data(text)

    assert list(found) == [kind for kind in KINDS if kind in found]


@given(
    st.sampled_from(PHONES + MAILBOXES + ACCOUNTS + HOMES), st.sampled_from(["", "\n", "Hello! ", "« ", "(("])
)
def test_what_was_found_is_found_among_other_words(text: str, before: str) -> None:
    assert personal_data(f"{before}{text}\nThank you all.") == personal_data(text)

//! What is particular to the languages that are written in Latin letters.

/// A language: its BCP 47 tag, its most frequent small words, and letters that few others have.
pub type Latin = (&'static str, &'static str, &'static str);

/// The languages that are told apart by their words.
pub const LATIN: [Latin; 18] = [
    (
        "en",
        "the a an and of to is are was were be been it its it's i i'm im i've you your my me we our us he she they them this that these those for with from at by on in as if or do does did have has had will would can could should what when where why how who which there here just about out up now then than still get got because after before any some all hello thanks thank please help not no yes don't can't hi so very",
        "",
    ),
    (
        "de",
        "der die das den dem des ein eine einen einem einer und oder ist sind war waren wird werden wurde hat habe haben hatte ich du er sie es wir ihr mich mir mein meine meinen euch euer ihre ihren unser sich auch noch schon nur wie wo was wann warum wer bei mit von vom zum zur für auf aus nach seit über unter bis durch gegen im am wenn dass weil denn ja mal dann jetzt heute gestern morgen wieder immer mehr kann können muss bitte danke hallo nicht kein keine sehr gut guten gibt geht",
        "ß",
    ),
    (
        "fr",
        "le la les un une des du de et est sont je tu il elle nous vous ils on ne pas plus que qui quoi dans pour par sur avec sans mon ma mes votre vos notre ce cette ces c'est j'ai j'attends n'ai n'est au aux mais ou où comment pourquoi quand très bien bonjour merci oui non suis été fait faire toujours encore depuis aide l'application d'une",
        "œ",
    ),
    (
        "es",
        "el la los las un una unos y e o que en de del al es son está están estoy he ha han mi mis su sus por para con sin no sí muy más pero como cómo cuándo dónde qué cuál hola gracias buenos buenas días me se te lo le nos ya aún todavía desde hace tengo puedo quiero necesito ayuda favor",
        "ñ¿¡",
    ),
    (
        "it",
        "il lo la i gli le un uno una e o che di del della dei delle da dal in nel nella con per su è sono ho ha hanno sto mio mia miei non si mi ti ci più ma come quando dove perché cosa ciao grazie buongiorno molto bene ancora già posso vorrei aiuto questo questa anche",
        "",
    ),
    (
        "pt",
        "o a os as um uma e ou que em no na nos nas de do da dos das é são está estão estou foi meu minha meus não sim muito mais mas como quando onde por para com sem olá obrigado obrigada bom dia boa tarde me se já ainda tenho posso quero preciso ajuda vocês você isso este esta",
        "ãõ",
    ),
    (
        "nl",
        "de het een en of is zijn was waren ik je jij u hij wij we jullie ze mijn jouw uw onze niet geen van voor met op in aan bij naar uit over door als dat die dit deze er hier daar wat waar wanneer waarom hoe wie maar ook nog al wel heb heeft hebben kan kunnen moet wil graag hallo hoi dank bedankt dankjewel alstublieft goed heel",
        "",
    ),
    (
        "sv",
        "och att det är en ett jag du han hon vi ni de dem min mitt mina din er inte på i för med som av till från har hade kan ska vill var när hur varför vad vem men också bara mycket hej tack snälla nu här där om så eller detta den ingen fortfarande hjälp",
        "",
    ),
    (
        "da",
        "og at det er en et jeg du han hun vi i de dem min mit mine din ikke på for med som af til fra har havde kan skal vil hvor hvornår hvordan hvorfor hvad hvem men også kun meget hej tak venligst nu her der om så eller dette den ingen stadig hjælp af mig jer noget",
        "",
    ),
    (
        "no",
        "og at det er en et jeg du han hun vi dere de dem min mitt mine din ikke på for med som av til fra har hadde kan skal vil hvor når hvordan hvorfor hva hvem men også bare veldig mye hei takk vennligst nå her der om så eller dette den ingen fortsatt hjelp meg noe ble gjør",
        "",
    ),
    (
        "pl",
        "i w z na do nie się jest są to ten ta te że co jak kiedy gdzie dlaczego kto ja ty my mam masz mój moja moje proszę dziękuję dzień dobry cześć ale lub czy już jeszcze bardzo dla od po przez o za był była być mogę chcę mi",
        "łżśąęźćń",
    ),
    (
        "cs",
        "a v na je se že to ten ta co jak kdy kde proč kdo já ty my mám máte můj moje prosím děkuji dobrý den ahoj ale nebo už ještě velmi pro od po do z ze jsem jste není byl byla být můžu chci mi s o za k",
        "řěůť",
    ),
    (
        "tr",
        "ve bir bu şu için çok ben sen biz siz ne nasıl neden nerede zaman kim değil var yok ama veya da de mi mı mu merhaba teşekkürler teşekkür lütfen evet hayır benim bana daha hala henüz ile gibi kadar oldu olarak iyi",
        "şğı",
    ),
    (
        "ro",
        "și sau este sunt un o de la în pe cu din pentru nu da că ce cum când unde cine eu tu noi voi am ai are avem mea meu mele vă mă se mai foarte bună ziua mulțumesc vreau pot dar încă fost",
        "șță",
    ),
    (
        "hu",
        "a az egy és vagy nem igen van vannak volt hogy mit mi ki hol mikor miért hogyan én te ő mi ti ők az ez azt ezt meg már még csak nagyon jó köszönöm kérem szia helló de ha is lesz kell nincs",
        "őű",
    ),
    (
        "fi",
        "ja on ei se en minä sinä hän me te he että mitä missä milloin miksi miten kuka mutta tai kun jos nyt vielä jo hyvin hyvää kiitos hei moi minun ole olen oli ovat voi voin haluan tämä tämän ollut saa kanssa",
        "",
    ),
    (
        "vi",
        "và là của có không tôi bạn anh chị em này đó một các những cho với trong được đã đang sẽ rất xin chào cảm ơn vui lòng gì sao khi nào ở đâu tại hàng bị",
        "ơưđạảấầậẩếềểệịọốồộổớờởợụủứừựửỳỷ",
    ),
    (
        "id",
        "yang dan di ke dari ini itu untuk dengan adalah tidak bukan saya aku kamu anda kami kita mereka ada sudah belum akan bisa mau apa kapan mana kenapa bagaimana siapa tolong terima kasih halo selamat pagi siang malam sangat juga atau tapi karena pesanan",
        "",
    ),
];

extension StopwordLists {
    static let arabic: StaticString = """
        ء ءَ آ آب آذار آض آمينَ آناء آنفا آه آها آهاً آهٍ آهِ آي أ أبدا أبريل أبو أبٌ أجل أجمع أحد أخبر أخذ أخو أخٌ
        أربع أربعاء أربعة أربعمئة أربعمائة أرى أسكن أصبح أصلا أضحى أطعم أعطى أعلم أغسطس أف أفريل أفٍّ أقبل أقل
        أكتوبر أكثر أل ألا ألف ألفى أم أما أمام أمامك أمامكَ أمد أمس أمسى أمّا أن أنا أنبأ أنت أنتم أنتما أنتن أنتِ
        أنشأ أنى أنًّ أنّى أهلا أو أوت أوشك أول أولئك أولاء أولالك أوه أوّهْ أى أي أيا أيار أيضا أيلول أين أينما
        أيها أيّ أيّان أُفٍّ ؤ إحدى إذ إذا إذاً إذما إذن إزاء إلا إلى إليك إليكم إليكما إليكن إليكنّ إليكَ إلَيْكَ
        إلّا إما إمّا إن إنا إنما إنه إنَّ إى إي إياك إياكم إياكما إياكن إيانا إياه إياها إياهم إياهما إياهن إياي
        إيه إيهٍ ئ ا ابتدأ اتخذ اثنا اثنان اثني اثنين اخلولق اربعون اربعين ارتدّ استحال الآن الألاء الألى التي الذي
        الذين اللائي اللاتي اللتان اللتيا اللتين اللذان اللذين اللواتي انبرى انقلب ب بؤسا بئس باء بات بخ بخٍ بس بسّ
        بضع بطآن بعد بعدا بعض بغتة بك بكم بكما بكن بل بلى بما بماذا بمن بنا به بها بهم بهما بهن بي بيد بين بَسْ
        بَلْهَ ة ت تاء تارة تاسع تانِ تانِك تبدّل تجاه تحت تحوّل تخذ ترك تسع تسعة تسعمئة تسعمائة تسعون تسعين تشرين
        تعسا تعلَّم تفعلان تفعلون تفعلين تلقاء تلك تلكم تلكما تموز ته تي تين تينك تَيْنِ تِه تِي ث ثاء ثالث ثامن ثان
        ثاني ثلاث ثلاثاء ثلاثة ثلاثمئة ثلاثمائة ثلاثون ثلاثين ثم ثمان ثمانمئة ثمانون ثماني ثمانية ثمانين ثمة ثمنمئة
        ثمَّ ثمّ ثمّة ج جانفي جعل جلل جمعة جميع جنيه جوان جويلية جير جيم ح حاء حادي حار حاشا حاي حبذا حبيب حتى حجا
        حدَث حرى حزيران حسب حقا حمدا حمو حمٌ حيث حيثما حين حيَّ حَذارِ خ خاء خاصة خال خامس خبَّر خلا خلافا خلف خمس
        خمسة خمسمئة خمسمائة خمسون خمسين خميس د دال درهم درى دواليك دولار دون دونك ديسمبر دينار ذ ذا ذات ذاك ذال ذان
        ذانك ذانِ ذلك ذلكم ذلكما ذلكن ذه ذهب ذو ذوا ذواتا ذواتي ذي ذيت ذين ذينك ذَيْنِ ذِه ذِي ر رأى راء رابع راح
        رجع رزق رويدك ريال ريث رُبَّ ز زاي زعم زود س ساء سابع سادس سبت سبتمبر سبحان سبع سبعة سبعمئة سبعمائة سبعون
        سبعين ست ستة ستمئة ستمائة ستون ستين سحقا سرا سرعان سقى سمعا سنتيم سوف سوى سين ش شباط شبه شتان شتانَ شرع شمال
        شيكل شين شَتَّانَ ص صاد صار صباح صبر صبرا صدقا صراحة صهٍ صهْ ض ضاد ضحوة ط طاء طاق طالما طرا طفق طَق ظ ظاء
        ظلّ ظنَّ ع عاد عاشر عامة عجبا عدا عدَّ عسى عشر عشرة عشرون عشرين عل علق علم على عليك عليه علًّ عما عن عند عوض
        عيانا عين عَدَسْ غ غادر غالبا غدا غداة غير غين ف فإذا فإن فاء فبراير فرادى فضلا فلا فلان فلس فمن فو فوق في
        فيفري فيم فيما فيه فيها ق قاطبة قاف قام قبل قد قرش قطّ قلما ك كأن كأنما كأنّ كأي كأين كأيّ كأيّن كاد كاف كان
        كانون كثيرا كذا كذلك كرب كسا كل كلا كلاهما كلتا كلما كليكما كليهما كلَّا كلّما كم كما كن كى كي كيت كيف كيفما
        كِخ ل لئن لا لات لاسيما لام لبيك لدن لدى لست لستم لستما لستن لسن لسنا لعل لعلَّ لعمر لك لكم لكما لكن لكنما
        لكنَّ لكي لكيلا لم لما لمّا لن لنا له لها لهم لهما لهن لو لولا لوما لي ليت ليرة ليس ليسا ليست ليستا ليسوا م
        مئة مئتان ما مائة مادام ماذا مارس مازال مافتئ ماي مايو متى مثل مذ مرّة مساء مع معاذ مكانكم مكانكما مكانكنّ
        مكانَك مليم مما ممن من منذ منه منها مه مهما ميم ن نا نبَّا نحن نحو نعم نفس نوفمبر نون نيسان نيف نَخْ نَّ ه
        هؤلاء ها هاء هاتان هاته هاتي هاتين هاك هاكَ هاهنا هبّ هذا هذان هذه هذي هذين هكذا هل هلا هللة هلم هلّا هم هما
        همزة هن هنا هناك هنالك هو هي هيا هيت هيهات هيّا هَؤلاء هَاتانِ هَاتَيْنِ هَاتِه هَاتِي هَجْ هَذا هَذانِ
        هَذَيْنِ هَذِه هَذِي هَيْهات و وإذ وإذا وإن وا واحد والذي والذين واهاً واو وجد وراءَك ورد ولا ولكن ولو وما
        ومن وهب وهو وَيْ وُشْكَانَ ى ي يا ياء يفعلان يفعلون يمين ين يناير يوان يورو يوليو يونيو \u{651}أيّان
        """

    static let basque: StaticString = """
        ahala aitzitik al alabadere alabaina alta amaitu amaitzeko anitz antzina arabera argi arratsaldero arte
        artean asko aspaldiko aurrera azkenez azkenik ba bada badarik badere bai baina baino baita baldin barren bat
        batean batek baten batera batez bati batzuei batzuek batzuetan batzuk bazen bederen bederik beharrez behiala
        behin behinik behinola behintzat bera beraiek beranduago berau berauek beraz bere berean berebat berehala
        berori beroriek berriro berriz bertzalde bertzenaz bestalde beste bestela besterik bezain bezala bide bien
        bigarrenez bigarrenik bitartean bizkitartean bukaeran da dago dela delarik den dena dezadan dira ditu du
        dute edo egin egun egunean emateko era erdi ere esan esanak esandakoaren eta eurak ez ezen ezer ezezik ezik
        ezpere ezta funtsean gabe gain gaur gero geroago gisa gu gutxi guzti guztia haatik haiei haiek haietan hain
        hainbeste hala halaber halako halatan han handik hango hara hargatik hari hark hartan hasi hasiera hasieran
        hasteaz hasteko hau hauei hauek hauetan hemen hemendik hemengo hi hona honebestez honek honela honen honetan
        honetaz honi hor hori horiei horiek horietan horko horratik horregatik horrek horrela horren horrenbestez
        horretan horri hortaz hortik hura ikusi izan jarraituz kariaz kasuaz kontuan laburbilduz laburki laster
        lehen lehen-lehenik lehenengo lehenik litzateke medio mendean mundura nahiz ni noiz nola non nondik nongo
        nor nora on ondoren ondorio ondorioz orain orduan orduko ordura orobat ostean ostera pentsatuz ustez ze zein
        zen zenbait zenbat zer zeren zergatik ziren zituen zu zuek zuen zuten zuzen
        """

    static let finnish: StaticString = """
        ei eivät emme en et ette että he heidän heidät heihin heille heillä heiltä heissä heistä heitä hän häneen
        hänelle hänellä häneltä hänen hänessä hänestä hänet häntä itse ja johon joiden joihin joiksi joilla joille
        joilta joina joissa joista joita joka joksi jolla jolle jolta jona jonka jos jossa josta jota jotka kanssa
        keiden keihin keiksi keille keillä keiltä keinä keissä keistä keitä keneen keneksi kenelle kenellä keneltä
        kenen kenenä kenessä kenestä kenet ketkä ketä koska kuin kuka kun me meidän meidät meihin meille meillä
        meiltä meissä meistä meitä mihin miksi mikä mille millä miltä minkä minua minulla minulle minulta minun
        minussa minusta minut minuun minä missä mistä mitkä mitä mukaan mutta ne niiden niihin niiksi niille niillä
        niiltä niin niinä niissä niistä niitä noiden noihin noiksi noilla noille noilta noin noina noissa noista
        noita nuo nyt näiden näihin näiksi näille näillä näiltä näinä näissä näistä näitä nämä ole olemme olen olet
        olette oli olimme olin olisi olisimme olisin olisit olisitte olisivat olit olitte olivat olla olleet ollut
        on ovat poikki se sekä sen siihen siinä siitä siksi sille sillä siltä sinua sinulla sinulle sinulta sinun
        sinussa sinusta sinut sinuun sinä sitä tai tallä te teidän teidät teihin teille teillä teiltä teissä teistä
        teitä tuo tuohon tuoksi tuolla tuolle tuolta tuon tuona tuossa tuosta tuotä tähän täksi tälle tältä tämä
        tämän tänä tässä tästä tätä vaan vai vaikka yli
        """

    static let greek: StaticString = """
        αλλα αν αντι απο αυτα αυτεσ αυτη αυτο αυτοι αυτοσ αυτουσ αυτων αἱ αἳ αἵ αὐτόσ αὐτὸς αὖ γάρ γα γα^ γε για
        γοῦν γὰρ δ' δέ δή δαί δαίσ δαὶ δαὶς δε δεν δι' διά διὰ δὲ δὴ δ’ εαν ειμαι ειμαστε ειναι εισαι ειστε εκεινα
        εκεινεσ εκεινη εκεινο εκεινοι εκεινοσ εκεινουσ εκεινων ενω επ επι εἰ εἰμί εἰμὶ εἰς εἰσ εἴ εἴμι εἴτε η θα
        ισωσ κ καί καίτοι καθ και κατ κατά κατα κατὰ καὶ κι κἀν κἂν μέν μή μήτε μα με μεθ μετ μετά μετα μετὰ μη μην
        μἐν μὲν μὴ μὴν να ο οι ομωσ οπωσ οσο οτι οἱ οἳ οἷς οὐ οὐδ οὐδέ οὐδείσ οὐδεὶς οὐδὲ οὐδὲν οὐκ οὐχ οὐχὶ οὓς
        οὔτε οὕτω οὕτως οὕτωσ οὖν οὗ οὗτος οὗτοσ παρ παρά παρα παρὰ περί περὶ ποια ποιεσ ποιο ποιοι ποιοσ ποιουσ
        ποιων ποτε που ποῦ προ προσ πρόσ πρὸ πρὸς πως πωσ σε στη στην στο στον σόσ σύ σύν σὸς σὺ σὺν τά τήν τί τίς
        τίσ τα ταῖς τε την τησ τι τινα τις τισ το τοί τοι τοιοῦτος τοιοῦτοσ τον τοτε του τούσ τοὺς τοῖς τοῦ των τό
        τόν τότε τὰ τὰς τὴν τὸ τὸν τῆς τῆσ τῇ τῶν τῷ ωσ ἀλλ' ἀλλά ἀλλὰ ἀλλ’ ἀπ ἀπό ἀπὸ ἀφ ἂν ἃ ἄλλος ἄλλοσ ἄν ἄρα
        ἅμα ἐάν ἐγώ ἐγὼ ἐκ ἐμόσ ἐμὸς ἐν ἐξ ἐπί ἐπεὶ ἐπὶ ἐστι ἐφ ἐὰν ἑαυτοῦ ἔτι ἡ ἢ ἣ ἤ ἥ ἧς ἵνα ὁ ὃ ὃν ὃς ὅ ὅδε ὅθεν
        ὅπερ ὅς ὅσ ὅστις ὅστισ ὅτε ὅτι ὑμόσ ὑπ ὑπέρ ὑπό ὑπὲρ ὑπὸ ὡς ὡσ ὥς ὥστε ὦ ᾧ
        """

    static let hebrew: StaticString = """
        אבל או אולי אותה אותו אותי אותך אותם אותן אותנו אז אחר אחרות אחרי אחרים אחרת אי איזה איך אין איפה איתה איתו
        איתי איתך איתכם איתכן איתם איתן איתנו אך אל אלה אלו אם אנחנו אני אס אף אצל אשר את אתה אתכם אתכן אתם אתן
        באמצע באמצעות בגלל בין בלי במידה ברם בשביל בתוך גם דרך הוא היא היה היכן היתה היתי הם הן הנה הרי ואילו ואת
        זאת זה זות יהיה יוכל יוכלו יותר יכול יכולה יכולות יכולים יכל יכלה יכלו יש כאן כאשר כולם כולן כזה כי כיצד כך
        ככה כל כלל כמו כן כפי כש לא לאו לאן לבין לה להיות להם להן לו לי לכם לכן למה למטה למעלה למרות לנו לעבר לעיכן
        לפיכך לפני מאד מאחורי מאין מאיפה מבלי מבעד מדוע מדי מה מהיכן מול מחוץ מי מכאן מכיוון מלבד מן מנין מסוגל מעט
        מעטים מעל מצד מתחת מתי נגד נגר נו עד עז על עלי עליה עליהם עליהן עליו עליך עליכם עלינו עם עצמה עצמהם עצמהן
        עצמו עצמי עצמם עצמן עצמנו פה רק שוב של שלה שלהם שלהן שלו שלי שלך שלכם שלכן שלנו שם תהיה תחת
        """

    static let hungarian: StaticString = """
        a abban ahhoz ahogy ahol aki akik akkor alatt amely amelyek amelyekben amelyeket amelyet amelynek ami amikor
        amit amolyan amíg annak arra arról az azok azon azonban azt aztán azután azzal azért be belül benne bár cikk
        cikkek cikkeket csak de e ebben eddig egy egyes egyetlen egyik egyre egyéb egész ehhez ekkor el ellen elsõ
        elég elõ elõször elõtt emilyen ennek erre ez ezek ezen ezt ezzel ezért fel felé hanem hiszen hogy hogyan
        igen ill ill. illetve ilyen ilyenkor ismét ison itt jobban jó jól kell kellett keressünk keresztül ki kívül
        között közül legalább legyen lehet lehetett lenne lenni lesz lett maga magát majd meg mellett mely melyek
        mert mi mikor milyen minden mindenki mindent mindig mint mintha mit mivel miért most már más másik még míg
        nagy nagyobb nagyon ne nekem neki nem nincs néha néhány nélkül olyan ott pedig persze rá s saját sem semmi
        sok sokat sokkal szemben szerint szinte számára talán tehát teljes tovább továbbá több ugyanis utolsó után
        utána vagy vagyis vagyok valaki valami valamint való van vannak vele vissza viszont volna volt voltak voltam
        voltunk által általában át én éppen és így õ õk õket össze úgy új újabb újra
        """
}

/// Letters, digits and signs of Latin script that have an ASCII form are replaced by it, whatever the language.
enum ASCIIFolding {
    static func append(_ source: UnsafeBufferPointer<UInt8>, to target: inout ByteBuffer) {
        guard let start = source.baseAddress else { return }
        target.reserve(target.count + source.count)
        var index = 0
        while index < source.count {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            var replacement = value < 0x80 ? 0 : packed(value)
            if replacement == 0 {
                target.append(scalarValue: value)
            }
            while replacement != 0 {
                target.append(UInt8(truncatingIfNeeded: replacement))
                replacement >>= 8
            }
            index += byteCount
        }
    }

    /// The replacement of a scalar, its first byte lowest; 0 for none.
    private static func packed(_ value: UInt32) -> UInt32 {
        guard value < 0x10000 else { return 0 }
        let page = Int(table.pages[Int(value >> 8)])
        return page == 0 ? 0 : table.replacements[(page - 1) << 8 | Int(value & 0xFF)]
    }

    /// Pages of 256 scalars: which place among those that have replacements at all, counted from 1.
    private static let table: (pages: [UInt8], replacements: [UInt32]) = {
        var pages = [UInt8](repeating: 0, count: 256), replacements: [UInt32] = []
        for line in list.split(separator: "\n") {
            let parts = line.unicodeScalars.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let replacement = parts.first, let folded = parts.last else { continue }
            let packed = replacement.reversed().reduce(0) { $0 << 8 | $1.value }
            for scalar in folded {
                let page = Int(scalar.value >> 8)
                if pages[page] == 0 {
                    replacements.append(contentsOf: repeatElement(0, count: 256))
                    pages[page] = UInt8(replacements.count >> 8)
                }
                replacements[Int(pages[page] - 1) << 8 | Int(scalar.value & 0xFF)] = packed
            }
        }
        return (pages, replacements)
    }()

    /// What replaces, and what it replaces: the mapping of Lucene's `ASCIIFoldingFilter`, which Qdrant 1.19 follows. Its
    /// engine was asked about every scalar value.
    private static let list = #"""
        A ÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦȺᴀḀẠẢẤẦẨẪẬẮẰẲẴẶⒶＡ
        a àáâãäåāăąǎǟǡǻȁȃȧɐəɚᶏᶕḁẚạảấầẩẫậắằẳẵặₐₔⓐⱥⱯａ
        AA Ꜳ
        aa ꜳ
        AE ÆǢǼᴁ
        ae æǣǽᴂ
        AO Ꜵ
        ao ꜵ
        AU Ꜷ
        au ꜷ
        AV ꜸꜺ
        av ꜹꜻ
        AY Ꜽ
        ay ꜽ
        B ƁƂɃʙᴃḂḄḆⒷＢ
        b ƀƃɓᵬᶀḃḅḇⓑｂ
        C ÇĆĈĊČƇȻʗᴄḈⒸＣ
        c çćĉċčƈȼɕḉↄⓒꜾꜿｃ
        D ÐĎĐƉƊƋᴅᴆḊḌḎḐḒⒹꝹＤ
        d ðďđƌȡɖɗᵭᶁᶑḋḍḏḑḓⓓꝺｄ
        db ȸ
        DZ ǄǱ
        Dz ǅǲ
        dz ǆǳʣʥ
        E ÈÉÊËĒĔĖĘĚƎƐȄȆȨɆᴇḔḖḘḚḜẸẺẼẾỀỂỄỆⒺⱻＥ
        e èéêëēĕėęěǝȅȇȩɇɘɛɜɝɞʚᴈᶒᶓᶔḕḗḙḛḝẹẻẽếềểễệₑⓔⱸｅ
        F ƑḞⒻꜰꝻꟻＦ
        f ƒᵮᶂḟẛⓕꝼｆ
        ff ﬀ
        ffi ﬃ
        ffl ﬄ
        fi ﬁ
        fl ﬂ
        G ĜĞĠĢƓǤǦǴɢʛḠⒼꝽꝾＧ
        g ĝğġģǥǧǵɠɡᵷᵹᶃḡⓖꝿｇ
        H ĤĦȞʜḢḤḦḨḪⒽⱧⱵＨ
        h ĥħȟɥɦʮʯḣḥḧḩḫẖⓗⱨⱶｈ
        HV Ƕ
        hv ƕ
        I ÌÍÎÏĨĪĬĮİƖƗǏȈȊɪᵻḬḮỈỊⒾꟾＩ
        i ìíîïĩīĭįıǐȉȋɨᴉᵢᵼᶖḭḯỉịⁱⓘｉ
        IJ Ĳ
        ij ĳ
        J ĴɈᴊⒿＪ
        j ĵǰȷɉɟʄʝⓙⱼｊ
        K ĶƘǨᴋḰḲḴⓀⱩꝀꝂꝄＫ
        k ķƙǩʞᶄḱḳḵⓚⱪꝁꝃꝅｋ
        L ĹĻĽĿŁȽʟᴌḶḸḺḼⓁⱠⱢꝆꝈꞀＬ
        l ĺļľŀłƚȴɫɬɭᶅḷḹḻḽⓛⱡꝇꝉꞁｌ
        LJ Ǉ
        Lj ǈ
        lj ǉ
        LL Ỻ
        ll ỻ
        ls ʪ
        lz ʫ
        M ƜᴍḾṀṂⓂⱮꟽꟿＭ
        m ɯɰɱᵯᶆḿṁṃⓜｍ
        N ÑŃŅŇŊƝǸȠɴᴎṄṆṈṊⓃＮ
        n ñńņňŉŋƞǹȵɲɳᵰᶇṅṇṉṋⁿⓝｎ
        NJ Ǌ
        Nj ǋ
        nj ǌ
        O ÒÓÔÕÖØŌŎŐƆƟƠǑǪǬǾȌȎȪȬȮȰᴏᴐṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢⓄꝊꝌＯ
        o òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱɔɵᴖᴗᶗṍṏṑṓọỏốồổỗộớờởỡợₒⓞⱺꝋꝍｏ
        OE Œɶ
        oe œᴔ
        OO Ꝏ
        oo ꝏ
        OU Ȣᴕ
        ou ȣ
        P ƤᴘṔṖⓅⱣꝐꝒꝔＰ
        p ƥᵱᵽᶈṕṗⓟꝑꝓꝕꟼｐ
        Q ɊⓆꝖꝘＱ
        q ĸɋʠⓠꝗꝙｑ
        qp ȹ
        R ŔŖŘȐȒɌʀʁᴙᴚṘṚṜṞⓇⱤꝚꞂＲ
        r ŕŗřȑȓɍɼɽɾɿᵣᵲᵳᶉṙṛṝṟⓡꝛꞃｒ
        S ŚŜŞŠȘṠṢṤṦṨⓈꜱꞅＳ
        s śŝşšſșȿʂᵴᶊṡṣṥṧṩẜẝⓢꞄｓ
        SS ẞ
        ss ß
        st ﬆ
        T ŢŤŦƬƮȚȾᴛṪṬṮṰⓉꞆＴ
        t ţťŧƫƭțȶʇʈᵵṫṭṯṱẗⓣⱦｔ
        tc ʨ
        TH ÞꝦ
        th þᵺꝧ
        ts ʦ
        TZ Ꜩ
        tz ꜩ
        U ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖɄᴜᵾṲṴṶṸṺỤỦỨỪỬỮỰⓊＵ
        u ùúûüũūŭůűųưǔǖǘǚǜȕȗʉᵤᶙṳṵṷṹṻụủứừửữựⓤｕ
        ue ᵫ
        V ƲɅᴠṼṾỼⓋꝞꝨＶ
        v ʋʌᵥᶌṽṿⓥⱱⱴꝟｖ
        VY Ꝡ
        vy ꝡ
        W ŴǷᴡẀẂẄẆẈⓌⱲＷ
        w ŵƿʍẁẃẅẇẉẘⓦⱳｗ
        X ẊẌⓍＸ
        x ᶍẋẍₓⓧｘ
        Y ÝŶŸƳȲɎʏẎỲỴỶỸỾⓎＹ
        y ýÿŷƴȳɏʎẏẙỳỵỷỹỿⓨｙ
        Z ŹŻŽƵȜȤᴢẐẒẔⓏⱫꝢＺ
        z źżžƶȝȥɀʐʑᵶᶎẑẓẕⓩⱬꝣｚ
        ! ！
        !! ‼
        !? ⁉
        " «»“”„″‶❝❞❮❯＂
        # ＃
        $ ＄
        % ⁒％
        & ＆
        ' ‘’‚‛′‵‹›❛❜＇
        ( ⁽₍❨❪（
        (( ⸨
        (1) ⑴
        (10) ⑽
        (11) ⑾
        (12) ⑿
        (13) ⒀
        (14) ⒁
        (15) ⒂
        (16) ⒃
        (17) ⒄
        (18) ⒅
        (19) ⒆
        (2) ⑵
        (20) ⒇
        (3) ⑶
        (4) ⑷
        (5) ⑸
        (6) ⑹
        (7) ⑺
        (8) ⑻
        (9) ⑼
        (a) ⒜
        (b) ⒝
        (c) ⒞
        (d) ⒟
        (e) ⒠
        (f) ⒡
        (g) ⒢
        (h) ⒣
        (i) ⒤
        (j) ⒥
        (k) ⒦
        (l) ⒧
        (m) ⒨
        (n) ⒩
        (o) ⒪
        (p) ⒫
        (q) ⒬
        (r) ⒭
        (s) ⒮
        (t) ⒯
        (u) ⒰
        (v) ⒱
        (w) ⒲
        (x) ⒳
        (y) ⒴
        (z) ⒵
        ) ⁾₎❩❫）
        )) ⸩
        * ⁎＊
        + ⁺₊＋
        , ，
        - ‐‑‒–—⁻₋－
        . ．
        / ⁄／
        0 ⁰₀⓪⓿０
        1 ¹₁①⓵❶➀➊１
        1. ⒈
        10 ⑩⓾❿➉➓
        10. ⒑
        11 ⑪⓫
        11. ⒒
        12 ⑫⓬
        12. ⒓
        13 ⑬⓭
        13. ⒔
        14 ⑭⓮
        14. ⒕
        15 ⑮⓯
        15. ⒖
        16 ⑯⓰
        16. ⒗
        17 ⑰⓱
        17. ⒘
        18 ⑱⓲
        18. ⒙
        19 ⑲⓳
        19. ⒚
        2 ²₂②⓶❷➁➋２
        2. ⒉
        20 ⑳⓴
        20. ⒛
        3 ³₃③⓷❸➂➌３
        3. ⒊
        4 ⁴₄④⓸❹➃➍４
        4. ⒋
        5 ⁵₅⑤⓹❺➄➎５
        5. ⒌
        6 ⁶₆⑥⓺❻➅➏６
        6. ⒍
        7 ⁷₇⑦⓻❼➆➐７
        7. ⒎
        8 ⁸₈⑧⓼❽➇➑８
        8. ⒏
        9 ⁹₉⑨⓽❾➈➒９
        9. ⒐
        : ：
        ; ⁏；
        < ❬❰＜
        = ⁼₌＝
        > ❭❱＞
        ? ？
        ?! ⁈
        ?? ⁇
        @ ＠
        [ ⁅❲［
        \ ＼
        ] ⁆❳］
        ^ ‸＾
        _ ＿
        { ❴｛
        } ❵｝
        ~ ⁓～
        """#
}

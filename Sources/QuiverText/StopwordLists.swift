import QuiverModel

enum StopwordLists {
    static func set(of language: StopwordLanguage) -> StopwordSet { StopwordSet([] as [String]) }
}

"""Words that a sentence gains, loses and keeps between two runs."""

from fieldmarks.core.comparison.sentences import sentence_change


def test_the_words_of_a_sentence_are_gained_lost_or_kept(comparison):
    for i in range(5):
        words = sentence_change(comparison, i)
        assert not set(words.gained) & set(words.lost)
        assert len(words.kept) + len(words.lost) == len(words.first.attributes)
        assert len(words.kept) + len(words.gained) == len(words.second.attributes)

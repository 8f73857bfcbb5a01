<?php
/**
 * What counts as a word, and how long it takes.
 *
 * @package Reading_Time
 */

use PHPUnit\Framework\TestCase;
use Reading_Time\Words;

final class WordsTest extends TestCase {

	/**
	 * @dataProvider texts
	 *
	 * @param string $html  Text.
	 * @param int    $words Words in it.
	 */
	public function test_words_are_counted( string $html, int $words ): void {
		self::assertSame( $words, Words::count( $html ) );
	}

	/**
	 * @return array<string, array{string, int}>
	 */
	public static function texts(): array {
		return array(
			'nothing'           => array( '', 0 ),
			'blanks'            => array( " \n\t ", 0 ),
			'punctuation'       => array( '… — ! ?', 0 ),
			'one'               => array( 'word', 1 ),
			'a sentence'        => array( 'A dog, a cat; and 3 mice.', 7 ),
			'apostrophes'       => array( "It's the dog’s", 3 ),
			'hyphens'           => array( 'a well-known fact - really', 4 ),
			'umlauts'           => array( 'Grüße aus Köln', 3 ),
			'combining marks'   => array( "e\u{301}te\u{301}", 1 ),
			'Greek'             => array( 'Καλημέρα κόσμε', 2 ),
			'Arabic'            => array( 'مرحبا بالعالم', 2 ),
			'markup'            => array( '<p>One <em>two</em></p><p>three</p>', 3 ),
			'no blank between'  => array( '<li>one</li><li>two</li>', 2 ),
			'attributes'        => array( '<a href="/some words here" title="no">link</a>', 1 ),
			'entities'          => array( 'Tom &amp; Jerry&nbsp;run', 3 ),
			'script'            => array( 'a <script>var b = 1;</script> c', 2 ),
			'style'             => array( 'a <style type="text/css">p { margin: 0 }</style> c', 2 ),
			'block comments'    => array( '<!-- wp:paragraph {"a":"b"} --><p>one</p><!-- /wp:paragraph -->', 1 ),
			'Chinese'           => array( '你好世界', 0 ),
			'Chinese and Latin' => array( '你好 world', 1 ),
		);
	}

	/**
	 * @dataProvider lengths
	 *
	 * @param int $words   Words.
	 * @param int $minutes Minutes.
	 */
	public function test_minutes_are_rounded_up( int $words, int $minutes ): void {
		self::assertSame( $minutes, Words::minutes( str_repeat( 'word ', $words ) ) );
	}

	/**
	 * @return list<array{int, int}>
	 */
	public static function lengths(): array {
		return array( array( 0, 1 ), array( 1, 1 ), array( 238, 1 ), array( 242, 2 ), array( 476, 2 ), array( 2380, 10 ), array( 23800, 100 ) );
	}

	public function test_pictures_take_time_and_the_first_ones_most(): void {
		self::assertSame( 12, Words::seconds( '<img src="a">' ) );
		self::assertSame( 23, Words::seconds( '<img src="a"><IMG src="b">' ) );
		self::assertSame( 12 + 11 + 10 + 9 + 8 + 7 + 6 + 5 + 4 + 3 + 3 + 3, Words::seconds( str_repeat( '<img src="a">', 12 ) ) );
	}

	public function test_scripts_without_blanks_are_counted_by_character(): void {
		self::assertSame( 60, Words::seconds( str_repeat( '字', 500 ) ) );
		self::assertSame( 120, Words::seconds( str_repeat( '字', 500 ) . str_repeat( ' word', 238 ) ) );
	}

	public function test_a_book_is_counted(): void {
		$chapter = '<!-- wp:paragraph --><p>' . str_repeat( 'It was a bright cold day in April, and the clocks were striking. ', 400 ) . "</p><!-- /wp:paragraph -->\n";
		$book    = str_repeat( $chapter, 20 );
		self::assertSame( 20 * 400 * 13, Words::count( $book ) );
		self::assertSame( 437, Words::minutes( $book ) );
	}
}

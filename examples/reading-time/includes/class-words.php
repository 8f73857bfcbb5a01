<?php
/**
 * Words in a text.
 *
 * @package Reading_Time
 */

namespace Reading_Time;

/**
 * Counts what a reader reads.
 */
final class Words {

	/** Words that an adult reads in a minute. */
	public const PER_MINUTE = 238;

	/** Characters of scripts without blanks that are read in a minute. */
	private const CHARACTERS_PER_MINUTE = 500;

	/** Seconds for the first picture; each further one takes one less, down to three. */
	private const FIRST_PICTURE = 12;
	private const LAST_PICTURE  = 3;

	private const WITHOUT_BLANKS = '\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}';

	/**
	 * Words of a text whose script has blanks between them.
	 *
	 * @param string $html Text with markup.
	 */
	public static function count( string $html ): int {
		$text = preg_replace( '/[' . self::WITHOUT_BLANKS . ']/u', ' ', self::text( $html ) );
		return preg_match_all( '/[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}\'’_-]*[\p{L}\p{N}])?/u', (string) $text );
	}

	/**
	 * Seconds that it takes to read a text with its pictures.
	 *
	 * @param string $html Text with markup.
	 */
	public static function seconds( string $html ): int {
		$characters = preg_match_all( '/[' . self::WITHOUT_BLANKS . ']/u', self::text( $html ) );
		$seconds    = 60 * ( self::count( $html ) / self::PER_MINUTE + $characters / self::CHARACTERS_PER_MINUTE );
		$pictures   = substr_count( strtolower( $html ), '<img' );
		for ( $picture = 0; $picture < $pictures; ++$picture ) {
			$seconds += max( self::LAST_PICTURE, self::FIRST_PICTURE - $picture );
		}
		return (int) round( $seconds );
	}

	/**
	 * Minutes, never less than one.
	 *
	 * @param string $html Text with markup.
	 */
	public static function minutes( string $html ): int {
		return max( 1, (int) ceil( self::seconds( $html ) / 60 ) );
	}

	/**
	 * What is left of a text without what nobody reads.
	 *
	 * @param string $html Text with markup.
	 */
	private static function text( string $html ): string {
		$html = preg_replace( '#<(script|style)\b.*?</\1>|<!--.*?-->#is', ' ', $html );
		return html_entity_decode( wp_strip_all_tags( str_replace( '<', ' <', (string) $html ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' );
	}
}

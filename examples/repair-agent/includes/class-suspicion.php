<?php
/**
 * Which lines to look at first.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

/**
 * Scores lines by the words that they share with the failing tests.
 *
 * This is spectrum-based fault localisation (Ochiai's formula) with words in the place of executed
 * statements, because plain PHP has no coverage data. A word weighs much if failing tests speak of
 * it, passing tests do not, and few lines of the sources do.
 */
final class Suspicion {

	/** Words of the language, which say nothing of what a line is about. */
	private const LANGUAGE = array( 'true', 'false', 'null', 'array', 'string', 'int', 'bool', 'return', 'function', 'private', 'public', 'static', 'const', 'the', 'and', 'not', 'was', 'for', 'that', 'this', 'with' );

	/**
	 * Weight by word.
	 *
	 * @var array<string, float>
	 */
	private array $weights = array();

	/**
	 * Weighs the words.
	 *
	 * @param Test_Result  $result  A run with failures.
	 * @param list<Source> $sources The sources.
	 */
	public function __construct( Test_Result $result, array $sources ) {
		$failed  = array();
		$passed  = array();
		$in_line = array();
		$lines   = 0;

		foreach ( $result->tests as $test ) {
			foreach ( self::words( $test['name'] . ' ' . ( $test['message'] ?? '' ) ) as $word ) {
				if ( 'failed' === $test['status'] ) {
					$failed[ $word ] = ( $failed[ $word ] ?? 0 ) + 1;
				} else {
					$passed[ $word ] = ( $passed[ $word ] ?? 0 ) + 1;
				}
			}
		}

		foreach ( $sources as $source ) {
			foreach ( $source->lines as $line ) {
				++$lines;
				foreach ( self::words( $line ) as $word ) {
					$in_line[ $word ] = ( $in_line[ $word ] ?? 0 ) + 1;
				}
			}
		}

		foreach ( array_intersect_key( $failed, $in_line ) as $word => $count ) {
			$ochiai = $count / sqrt( count( $result->failing() ) * ( $count + ( $passed[ $word ] ?? 0 ) ) );

			$this->weights[ $word ] = $ochiai * log( $lines / $in_line[ $word ] );
		}
	}

	/**
	 * The score of a line: its own words, and by half those that name and describe its function.
	 *
	 * @param Source $source The source.
	 * @param int    $line   Line.
	 */
	public function of( Source $source, int $line ): float {
		return $this->sum( $source->lines[ $line ] ) + $this->sum( $source->header_at( $line ) ) / 2;
	}

	/**
	 * The weights of a text's words.
	 *
	 * @param string $text Text.
	 */
	private function sum( string $text ): float {
		return (float) array_sum( array_intersect_key( $this->weights, array_flip( self::words( $text ) ) ) );
	}

	/**
	 * The different words of a text, in lower case and without the language's own; identifiers are taken
	 * apart.
	 *
	 * @param string $text Code or prose.
	 * @return list<string>
	 */
	private static function words( string $text ): array {
		preg_match_all( '/[A-Z]?[a-z]{2,}|[A-Z]{3,}|\d+/', $text, $found );

		return array_values( array_diff( array_unique( array_map( 'strtolower', $found[0] ) ), self::LANGUAGE ) );
	}
}

<?php
/**
 * The repair rules.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

use PhpToken;

/**
 * Small mistakes that people make, each undone by one small edit. The rules know PHP and nothing
 * of the code or the tests: they propose, and the tests decide.
 *
 * A rule looks at one token and gives `[ first token, last token, replacement ]` for each edit.
 */
final class Rules {

	/** What a missing value may have to become. */
	private const FALLBACKS = array( 'false', 'true', '0', "''", 'array()', 'null' );

	/** Words and operators that are easily taken for one another. */
	private const TWINS = array(
		array( '<', '<=' ),
		array( '>', '>=' ),
		array( '<', '>' ),
		array( '<=', '>=' ),
		array( '===', '!==' ),
		array( '==', '!=' ),
		array( '&&', '||' ),
		array( 'true', 'false' ),
		array( 'min', 'max' ),
		array( 'floor', 'ceil' ),
		array( 'array_diff_key', 'array_intersect_key' ),
		array( 'str_starts_with', 'str_ends_with' ),
		array( '+', '-' ),
		array( '*', '/' ),
	);

	/** What an operand may consist of if a `!` in front of it is to negate all of it. */
	private const OPERAND = array( T_VARIABLE, T_STRING, T_NAME_QUALIFIED, T_NAME_FULLY_QUALIFIED, T_OBJECT_OPERATOR, T_NULLSAFE_OBJECT_OPERATOR, T_DOUBLE_COLON, T_STATIC, T_ISSET, T_EMPTY );

	/**
	 * Every edit that a rule proposes for a source, the likelier rules first.
	 *
	 * @param Source $source The source.
	 * @return list<Edit>
	 */
	public static function propose( Source $source ): array {
		$rules = array(
			'another fallback for ??'          => self::fallback( ... ),
			'its twin instead'                 => self::twin( ... ),
			'a limit that is one off'          => self::one_off( ... ),
			'a negation too many or too few'   => self::negation( ... ),
			'two arguments in the wrong order' => self::arguments( ... ),
			'another variable of the function' => self::variable( ... ),
		);
		$skip  = self::lines_to_leave( $source );
		$edits = array();

		foreach ( $rules as $name => $rule ) {
			foreach ( $source->tokens as $index => $token ) {
				foreach ( isset( $skip[ $token->line ] ) ? array() : $rule( $source, $index ) as [ $first, $last, $replacement ] ) {
					$start = $source->tokens[ $first ];
					$end   = $source->tokens[ $last ];

					// An edit stays in its line, so that it can be shown as one.
					if ( $start->line === $end->line ) {
						$edits[] = new Edit( $source->path, $start->line, $start->pos, $end->pos + strlen( $end->text ) - $start->pos, $replacement, $name );
					}
				}
			}
		}

		return $edits;
	}

	/**
	 * Lines that no rule may touch: a wrong guess in a loop's head may run for ever, one beside
	 * exit may end this process. Neither would come back for the next guess.
	 *
	 * @param Source $source The source.
	 * @return array<int, true>
	 */
	private static function lines_to_leave( Source $source ): array {
		$lines = array();

		foreach ( $source->tokens as $token ) {
			if ( $token->is( array( T_FOR, T_WHILE, T_DO, T_EXIT ) ) ) {
				$lines[ $token->line ] = true;
			}
		}

		return $lines;
	}

	/**
	 * `a ?? b`: another `b`, a plain value or what another `??` of the function falls back to.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The token.
	 * @return iterable<array{int, int, string}>
	 */
	private static function fallback( Source $source, int $index ): iterable {
		if ( ! $source->tokens[ $index ]->is( T_COALESCE ) ) {
			return;
		}

		$last      = self::fallback_end( $source, $index );
		$fallbacks = self::FALLBACKS;

		foreach ( $source->function_around( $index ) as $other => $token ) {
			if ( $token->is( T_COALESCE ) ) {
				$fallbacks[] = $source->text( $other + 1, self::fallback_end( $source, $other ) );
			}
		}

		foreach ( array_diff( array_unique( $fallbacks ), array( $source->text( $index + 1, $last ) ) ) as $fallback ) {
			yield array( $index + 1, $last, $fallback );
		}
	}

	/**
	 * The last token of what a `??` falls back to.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The `??`.
	 */
	private static function fallback_end( Source $source, int $index ): int {
		return $source->expression_end( $index + 1, array( ',', ';', ':', '?', T_COALESCE, T_DOUBLE_ARROW ) );
	}

	/**
	 * `<` for `<=`, `min` for `max` and so on.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The token.
	 * @return iterable<array{int, int, string}>
	 */
	private static function twin( Source $source, int $index ): iterable {
		$token = $source->tokens[ $index ];

		// A member or a piece of a string may be spelt like an operator and is none.
		if ( $token->is( T_ENCAPSED_AND_WHITESPACE ) || self::is_member( $source, $index ) ) {
			return;
		}

		foreach ( self::TWINS as $twins ) {
			if ( in_array( $token->text, $twins, true ) ) {
				yield array( $index, $index, $twins[0] === $token->text ? $twins[1] : $twins[0] );
			}
		}
	}

	/**
	 * `n`: `n + 1` and `n - 1`; and `… + 1`, `… - 1`: neither.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The token.
	 * @return iterable<array{int, int, string}>
	 */
	private static function one_off( Source $source, int $index ): iterable {
		$token = $source->tokens[ $index ];

		if ( $token->is( array( '+', '-' ) ) && '1' === ( $source->tokens[ $index + 1 ]->text ?? '' ) ) {
			yield array( $index, $index + 1, '' );
		}

		if ( $token->is( T_LNUMBER ) && ctype_digit( $token->text ) && strlen( $token->text ) < 10 ) {
			yield array( $index, $index, (string) ( (int) $token->text + 1 ) );

			if ( (int) $token->text > 0 ) {
				yield array( $index, $index, (string) ( (int) $token->text - 1 ) );
			}
		}
	}

	/**
	 * `! a`: `a`; and a condition `a`: `! a`.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The token.
	 * @return iterable<array{int, int, string}>
	 */
	private static function negation( Source $source, int $index ): iterable {
		$token = $source->tokens[ $index ];
		$next  = $source->tokens[ $index + 1 ] ?? null;

		if ( null === $next ) {
			return;
		}

		if ( $token->is( '!' ) ) {
			yield array( $index, $index + 1, $next->text );
			return;
		}

		$is_condition = $token->is( array( T_BOOLEAN_AND, T_BOOLEAN_OR ) )
			|| ( $token->is( '(' ) && $index > 0 && $source->tokens[ $index - 1 ]->is( array( T_IF, T_ELSEIF ) ) );

		if ( ! $is_condition || ! $next->is( self::OPERAND ) ) {
			return;
		}

		$last  = $source->expression_end( $index + 1, array( T_BOOLEAN_AND, T_BOOLEAN_OR, ';', '?', ',' ) );
		$depth = 0;

		for ( $i = $index + 1; $i <= $last; $i++ ) {
			$depth -= $source->tokens[ $i ]->is( array( ')', ']' ) ) ? 1 : 0;

			if ( 0 === $depth && ! $source->tokens[ $i ]->is( array( ...self::OPERAND, '(', ')', '[', ']' ) ) ) {
				return;
			}

			$depth += $source->tokens[ $i ]->is( array( '(', '[' ) ) ? 1 : 0;
		}

		yield array( $index + 1, $index + 1, "! $next->text" );
	}

	/**
	 * `f( a, b )`: `f( b, a )`.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The token.
	 * @return iterable<array{int, int, string}>
	 */
	private static function arguments( Source $source, int $index ): iterable {
		$is_call = $source->tokens[ $index ]->is( array( T_STRING, T_NAME_FULLY_QUALIFIED, T_NAME_QUALIFIED ) )
			&& '(' === ( $source->tokens[ $index + 1 ]->text ?? '' )
			&& ( 0 === $index || ! $source->tokens[ $index - 1 ]->is( T_FUNCTION ) );

		$first = $index + 2;

		while ( $is_call ) {
			$last  = $source->expression_end( $first, array( ',' ) );
			$comma = $source->tokens[ $last + 1 ] ?? null;

			if ( $last < $first || null === $comma || ! $comma->is( ',' ) ) {
				return;
			}

			$next = $source->expression_end( $last + 2, array( ',' ) );

			if ( $next < $last + 2 ) {
				return; // A comma after the last argument.
			}

			yield array( $first, $next, $source->text( $last + 2, $next ) . ', ' . $source->text( $first, $last ) );

			$first = $last + 2;
		}
	}

	/**
	 * `$a`: `$b`, if the function has it.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The token.
	 * @return iterable<array{int, int, string}>
	 */
	private static function variable( Source $source, int $index ): iterable {
		$token = $source->tokens[ $index ];

		if ( ! $token->is( T_VARIABLE ) || '$this' === $token->text || '=' === ( $source->tokens[ $index + 1 ]->text ?? '' ) ) {
			return;
		}

		$used = array_filter( $source->function_around( $index ), static fn( PhpToken $other ): bool => $other->is( T_VARIABLE ) );

		foreach ( array_diff( array_unique( array_column( $used, 'text' ) ), array( $token->text, '$this' ) ) as $other ) {
			yield array( $index, $index, $other );
		}
	}

	/**
	 * Whether a token is the name of a member, a class constant or a declared function.
	 *
	 * @param Source $source The source.
	 * @param int    $index  The token.
	 */
	private static function is_member( Source $source, int $index ): bool {
		return $index > 0
			&& $source->tokens[ $index - 1 ]->is( array( T_OBJECT_OPERATOR, T_NULLSAFE_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_CONST ) );
	}
}

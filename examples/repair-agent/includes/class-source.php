<?php
/**
 * A source as tokens.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

use PhpToken;

/**
 * The tokens of a source that mean something to PHP, and the named functions that they make up.
 */
final class Source {

	/**
	 * Tokens without white space, comments and text outside of PHP.
	 *
	 * @var list<PhpToken>
	 */
	public readonly array $tokens;

	/**
	 * The text of each line, the first at 1.
	 *
	 * @var array<int, string>
	 */
	public readonly array $lines;

	/**
	 * Functions and methods: doc comment and name, the keyword's token, the body's braces.
	 *
	 * @var list<array{header: string, start: int, first: int, last: int}>
	 */
	private array $functions = array();

	/**
	 * Reads a source.
	 *
	 * @param string $path Relative to the workspace.
	 * @param string $code Content.
	 */
	public function __construct( public readonly string $path, public readonly string $code ) {
		$tokens = array();
		$doc    = '';
		$docs   = array();

		foreach ( PhpToken::tokenize( $code ) as $token ) {
			if ( $token->is( T_DOC_COMMENT ) ) {
				$doc = $token->text;
			} elseif ( ! $token->isIgnorable() && ! $token->is( T_INLINE_HTML ) ) {
				if ( $token->is( T_FUNCTION ) ) {
					$docs[ count( $tokens ) ] = $doc;
				}
				if ( $token->is( array( T_FUNCTION, ';', '{', '}' ) ) ) {
					$doc = '';
				}
				$tokens[] = $token;
			}
		}

		$lines = explode( "\n", $code );

		$this->tokens = $tokens;
		$this->lines  = array_combine( range( 1, count( $lines ) ), $lines );

		foreach ( $docs as $index => $doc_comment ) {
			$this->add_function( $index, $doc_comment );
		}
	}

	/**
	 * Doc comment and name of the function that a line lies in, or an empty string.
	 *
	 * @param int $line Line.
	 */
	public function header_at( int $line ): string {
		foreach ( $this->functions as $function ) {
			if ( $line >= $this->tokens[ $function['first'] ]->line && $line <= $this->tokens[ $function['last'] ]->line ) {
				return $function['header'];
			}
		}

		return '';
	}

	/**
	 * The tokens of the function around a token, from its keyword to its closing brace; none if
	 * the token is in no function's body.
	 *
	 * @param int $index Token.
	 * @return array<int, PhpToken> By their place in the source.
	 */
	public function function_around( int $index ): array {
		foreach ( $this->functions as $function ) {
			if ( $index > $function['first'] && $index < $function['last'] ) {
				return array_slice( $this->tokens, $function['start'], $function['last'] + 1 - $function['start'], true );
			}
		}

		return array();
	}

	/**
	 * The source text of some tokens and of what lies between them.
	 *
	 * @param int $first First token.
	 * @param int $last  Last token.
	 */
	public function text( int $first, int $last ): string {
		$start = $this->tokens[ $first ]->pos;
		$end   = $this->tokens[ $last ];

		return substr( $this->code, $start, $end->pos + strlen( $end->text ) - $start );
	}

	/**
	 * The last token before the one that ends the expression which starts at a token: a bracket
	 * that was not opened in it, or one of some tokens outside of any bracket.
	 *
	 * @param int               $index First token of the expression.
	 * @param array<int|string> $ends  Tokens that end it.
	 */
	public function expression_end( int $index, array $ends ): int {
		$depth = 0;
		$count = count( $this->tokens );

		for ( $i = $index; $i < $count; $i++ ) {
			$token = $this->tokens[ $i ];

			if ( 0 === $depth && $token->is( $ends ) ) {
				break;
			}
			if ( $token->is( array( '(', '[', '{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES, T_ATTRIBUTE ) ) ) {
				++$depth;
			} elseif ( $token->is( array( ')', ']', '}' ) ) && --$depth < 0 ) {
				break;
			}
		}

		return $i - 1;
	}

	/**
	 * Notes a function, unless it has no name or no body.
	 *
	 * @param int    $index Its keyword.
	 * @param string $doc   Its doc comment.
	 */
	private function add_function( int $index, string $doc ): void {
		$name = $this->tokens[ $index + 1 ] ?? null;

		if ( null === $name || ! $name->is( T_STRING ) ) {
			return;
		}

		$open = $this->expression_end( $index + 1, array( '{', ';' ) ) + 1;

		if ( ! isset( $this->tokens[ $open ] ) || ! $this->tokens[ $open ]->is( '{' ) ) {
			return;
		}

		$this->functions[] = array(
			'header' => "$name->text $doc",
			'start'  => $index,
			'first'  => $open,
			'last'   => min( $this->expression_end( $open + 1, array() ) + 1, count( $this->tokens ) - 1 ),
		);
	}
}

<?php
/**
 * Plugin Name: Suite
 * Description: A little of what plugins do, and tests of it that PHPUnit runs.
 */

add_action(
	'init',
	static function (): void {
		register_post_type( 'suite_note', array( 'public' => true ) );
		add_shortcode( 'suite', static fn( $attributes, $content ): string => '<b>' . esc_html( $attributes['name'] ?? 'none' ) . '</b>' . do_shortcode( (string) $content ) );
	}
);

/**
 * The words of a text, the most frequent one first.
 *
 * @return array<string, int>
 */
function suite_words( string $text ): array {
	$words = array_count_values( str_word_count( strtolower( wp_strip_all_tags( $text ) ), 1 ) );
	arsort( $words );
	return $words;
}

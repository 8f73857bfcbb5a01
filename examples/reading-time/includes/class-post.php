<?php
/**
 * The reading time of a post.
 *
 * @package Reading_Time
 */

namespace Reading_Time;

/**
 * Keeps the minutes beside the post, so that they are counted once.
 */
final class Post {

	public const META = '_reading_time_minutes';

	/**
	 * Minutes that it takes to read a post.
	 *
	 * @param int $id Post.
	 */
	public static function minutes( int $id ): int {
		$kept = get_post_meta( $id, self::META, true );
		if ( '' !== $kept ) {
			return (int) $kept;
		}
		$minutes = Words::minutes( (string) get_post_field( 'post_content', $id ) );
		update_post_meta( $id, self::META, $minutes );
		return $minutes;
	}

	/**
	 * Forgets what was counted: the post has changed.
	 *
	 * @param int $id Post.
	 */
	public static function forget( int $id ): void {
		delete_post_meta( $id, self::META );
	}

	/**
	 * The line above a post's content.
	 *
	 * @param string $content Content.
	 */
	public static function above( string $content ): string {
		if ( ! in_the_loop() || ! is_singular( 'post' ) ) {
			return $content;
		}
		return self::line( self::minutes( get_the_ID() ) ) . $content;
	}

	/**
	 * `[reading_time post="1"]`.
	 *
	 * @param array<string, string>|string $attributes Attributes.
	 */
	public static function shortcode( $attributes ): string {
		$attributes = shortcode_atts( array( 'post' => get_the_ID() ), (array) $attributes );
		$post       = get_post( (int) $attributes['post'] );
		return null === $post || 'publish' !== $post->post_status ? '' : self::line( self::minutes( $post->ID ) );
	}

	/**
	 * The line.
	 *
	 * @param int $minutes Minutes.
	 */
	private static function line( int $minutes ): string {
		/* translators: %s: Number of minutes. */
		$text = sprintf( _n( '%s minute to read', '%s minutes to read', $minutes, 'reading-time' ), number_format_i18n( $minutes ) );
		return '<p class="reading-time">' . esc_html( $text ) . '</p>';
	}
}
